/* All public headers of libmodelstorage. */
#ifndef MODEL_STORAGE_H
#define MODEL_STORAGE_H

#include "model_storage/hooks.h"
#include "model_storage/key.h"
#include "model_storage/model.h"
#include "model_storage/operation.h"
#include "model_storage/status.h"
#include "model_storage/storage.h"

#endif
