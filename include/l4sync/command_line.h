/*
 * Command lines of the manifest (restart.before, validate, …): words as in ExecStart=, no shell.
 * Called by the modules, on both sides of the reader, and by whoever runs one.
 */
#ifndef L4SYNC_COMMAND_LINE_H
#define L4SYNC_COMMAND_LINE_H

#include "l4sync/err.h"
#include "l4sync/mem.h"

#define COMMAND_WORDS_MAX 256

/*
 * The words of a line, NULL-terminated and in the arena: separated by blanks, quoted as a whole
 * with " or ', C-style escapes (systemd.syntax(7)), and the specifiers %i %I %n %N %p %P %%
 * (systemd.unit(5)) expanded for the unit. The first is an absolute path. -EINVAL with what is
 * wrong and what would be right. unit NULL: specifiers are only looked at.
 */
int command_line_split(struct arena *a, const char *line, const char *unit, const char *const **ret,
	struct err *e);

/*
 * The same of a command that is about a file: the specifiers are %f, the file's path, and %%, and
 * the first word may be the name of a program that PATH has. file NULL: they are only looked at.
 */
int command_words(struct arena *a, const char *line, const char *file, const char *const **ret,
	struct err *e);

#endif
