/*
 * Small text functions that more than one part needs: escaping of the canonical form, natural
 * order, times, globs of SPEC 2, nearest name.
 * Called by everything.
 */
#ifndef L4SYNC_TEXT_H
#define L4SYNC_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/mem.h"

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

/* Whether a word is one of words that blanks separate; "" is none. */
bool text_has_word(const char *words, const char *word);

/*
 * Appends s so that it stays on one line, does nothing to a terminal and can be read back:
 * backslash as \\, newline \n, tab \t; other control characters (below 0x20, 0x7f, U+0080 to
 * U+009F) and bytes that are not valid UTF-8 as \xNN.
 */
void text_escape(struct buf *b, const char *s, size_t size);

/*
 * The reverse, strictly: only what text_escape would write is accepted (so there is one escaped
 * form of each string). Result in the arena, NUL-terminated. Returns false on anything else,
 * and on an embedded NUL.
 */
bool text_unescape(struct arena *a, const char *s, size_t size, char **ret);

/* Whether size bytes are valid UTF-8 without NUL: what may be shown as text. */
bool text_is_utf8(const char *s, size_t size);

/* strcmp with runs of digits compared as numbers: @2 before @10 (strverscmp's idea, without its
 * rules for leading zeros). Total order: equal only if the bytes are equal. */
int text_natural_cmp(const char *a, const char *b);

/* Appends a word as a shell reads it, in quotes where it needs them: whoever copies a command means
 * what is meant here. */
void text_shell_word(struct buf *b, const char *word);

/* RFC 3339 in UTC as people read it: "2026-01-02 03:04:05 UTC"; anything else as it is. The result
 * is in the arena or s itself. */
const char *text_time(struct arena *a, const char *s);

/* Whether the first size bytes are letters, digits and _, and do not begin with a digit. */
bool text_is_name(const char *s, size_t size);

/* Bytes that would move a terminal's cursor, and those that are not UTF-8, become "?". */
void text_printable(char *s);

/* A glob over paths or names: ? and * and [..] stop at '/', ** does not (SPEC 2). An unclosed [
 * matches nothing. */
bool text_glob(const char *pattern, const char *s);

/* The entry of a NULL-terminated list nearest to s, or NULL: at most a third of its letters may be
 * others (a transposition is two), so of three letters one. */
const char *text_nearest(const char *s, const char *const *list);

#endif
