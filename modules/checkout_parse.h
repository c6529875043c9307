/* `checkouts:` of the manifest: the module checkout's part in the reader's child. */
#ifndef L4SYNC_CHECKOUT_PARSE_H
#define L4SYNC_CHECKOUT_PARSE_H

#include "l4sync/reader.h"

int checkout_parse_section(struct reader *r, const char *section, const struct node *node);

/* Nothing else of the state stands in a checkout, nor at its path. */
int checkout_complete(struct reader *r);

#endif
