/* Unfinished output beside its target: .NAME.model-storage-partial/ holds a lock, and the content until all of it was verified.
 * What a killed run left there is gone over again, chunk by chunk, never trusted for its length. */
#ifndef MS_MODEL_STAGING_PRIV_H
#define MS_MODEL_STAGING_PRIV_H

#include "model/target_priv.h"

#define MS_STAGING_NAME_SIZE 256
#define MS_STAGING_CONTENT_SIZE 32

/** Looks at content under a name in a folder, for what may have changed since it was proven. */
typedef struct ms_staging_look {
    ms_status (*look)(void *payload, int dirfd, const char *name, ms_error *err);
    void *payload;
} ms_staging_look;

typedef struct ms_staging {
    int parent_fd; /* the target's */
    int fd;        /* of the partial folder */
    int lock_fd;
    char name[MS_STAGING_NAME_SIZE];
    char content[MS_STAGING_CONTENT_SIZE]; /* name of the content in the partial folder */
    bool resumed; /* content of an earlier run is there */
    bool keeps_old; /* what stood at the target is in the partial folder and may be needed: discard only lets go */
} ms_staging;

/** For a target where nothing stands: when a run was killed while that was moved aside, put it back and look at target again. MS_LOCKED
 *  when another process is writing to the same target. */
MS_MUST_CHECK ms_status ms_staging_recover(ms_target *target, ms_task *task, ms_error *err);
/** Open or make the partial folder of target. identity says what the content will be (root, filter, form): leftovers of anything else
 *  are removed. MS_LOCKED when another process is writing to the same target. */
MS_MUST_CHECK ms_status ms_staging_open(ms_staging *staging, const ms_target *target, const uint8_t identity[32], ms_task *task,
        ms_error *err);
/** Bring everything to disk and give content its final name; with replace, what stood there vanishes in one step and is then removed.
 *  With replace false a name that appeared meanwhile is MS_USAGE "output_exists". A name that then leads to anything else than the
 *  content is MS_INTEGRITY "output_changed". look, which may be NULL, is asked right before and right after; what it refuses is not
 *  published, or no success. The partial folder is gone afterwards, and after a sync that failed. */
MS_MUST_CHECK ms_status ms_staging_publish(
        ms_staging *staging, const ms_target *target, bool replace, const ms_staging_look *look, ms_error *err);
/** For a target that was found to be whole: when a partial folder stands beside it, a run was stopped between giving it its name and
 *  the end. Then the name is brought to disk and the folder removed, unless another process is at work in it. */
MS_MUST_CHECK ms_status ms_staging_conclude(const ms_target *target, ms_task *task, ms_error *err);
/** Remove the partial folder and what is in it, unless it keeps what stood at the target. */
void ms_staging_discard(ms_staging *staging);
/** Let go; what is there stays for the next run. */
void ms_staging_close(ms_staging *staging);

#endif
