/* Address families by the names that systemd has for them: nobody else's business. */
#ifndef L4SYNC_VERIFY_FAMILIES_H
#define L4SYNC_VERIFY_FAMILIES_H

/* Ends with a NULL name. */
extern const struct family_name {
	int number;
	const char *name; /* "AF_INET" */
} family_names[];

#endif
