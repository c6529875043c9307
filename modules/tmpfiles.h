/* The state's own files of tmpfiles.d(5). Called by the module dir. */
#ifndef L4SYNC_TMPFILES_H
#define L4SYNC_TMPFILES_H

#include "l4sync/reader.h"

/* Lines to dir: and link: resources; `derive` of module.h. */
int tmpfiles_derive(struct reader *r);

#endif
