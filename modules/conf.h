/*
 * The *.conf files that a state ships for the parts of systemd which read one line each: sysctl.d,
 * sysusers.d, tmpfiles.d. Which of them count, their lines and words.
 * Called by the modules that read such a place, in the unprivileged child.
 */
#ifndef L4SYNC_CONF_H
#define L4SYNC_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/places.h"
#include "l4sync/reader.h"

/* A file that counts: of each base name the one in the directory of the highest rank. */
struct conf_file {
	const char *path;              /* where the service reads it */
	struct resource *item;         /* file: or link: of that path */
	const struct resource *source; /* what has the bytes; NULL: the state does not ship it */
	unsigned rank;
};

/* Those of a place, by base name, in the reader's arena; returns how many. */
size_t conf_files(struct reader *r, enum place_kind kind, struct conf_file **ret);

/*
 * Each line that is neither empty nor a comment (its first letter is one of comments), without the
 * blanks around it. what: what such a file holds, for the message that it cannot be secret. Returns
 * 0, or -EINVAL if something was reported.
 */
int conf_lines(struct reader *r, const struct conf_file *file, const char *comments,
	const char *what,
	int (*each)(struct reader *r, char *line, struct where where, void *userdata),
	void *userdata);

struct conf_word {
	const char *text; /* NULL: the line has ended before, or it is "-" */
	struct where where;
	bool given; /* also "-" */
};

/* At most n words, as systemd.syntax(7) has them; how: enum word_how. *ret_rest is what is behind
 * them. -EINVAL: reported. */
int conf_words(struct reader *r, const char *line, struct where where, unsigned how, size_t n,
	struct conf_word *words, const char **ret_rest);

enum conf_expanded { CONF_EXPANDED, CONF_OF_HOST, CONF_UNKNOWN };

/*
 * Specifiers (%H, …) filled in; more: letter and value for each beyond those that all services
 * know, ended by a zero letter. CONF_OF_HOST: one stands for what only the host knows;
 * CONF_UNKNOWN: there is no such one. *ret_letter is it then.
 */
struct conf_specifier {
	char letter;
	const char *value;
};
enum conf_expanded conf_expand(struct reader *r, const char *s, const struct conf_specifier *more,
	const char **ret, char *ret_letter);

/* Without double slashes and one at the end, as these services take a path. */
const char *conf_path(struct arena *a, const char *path);

#endif
