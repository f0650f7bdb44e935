/* A little space of the disk that a home keeps for the day on which there is none: to give up a model, and so to get space, takes some. */
#ifndef MS_MODEL_RESERVE_PRIV_H
#define MS_MODEL_RESERVE_PRIV_H

#include "model/storage_priv.h"

/** Have home/reserve, of 64 KiB; the home is there. Where there is no space for it there is none. */
void ms_reserve_keep(const ms_storage *storage);
/** Whether why says that space or quota is short, and there was a reserve, which is given back: then it is worth another try. */
bool ms_reserve_helps(const ms_storage *storage, ms_status status, const ms_error *why);

#endif
