/*
 * Text for a person: styles, symbols, word wrap; and the one place through which foreign text
 * (file contents, journal lines, names, whatever a host sends) becomes harmless.
 * Pure: into a buffer. Called by the renderers, the text sink and help.
 */
#ifndef L4SYNC_PAINT_H
#define L4SYNC_PAINT_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/mem.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_CYAN,
};

enum symbol {
	SYMBOL_EFFECT,   /* ↻ */
	SYMBOL_FINDING,  /* • */
	SYMBOL_ARROW,    /* → */
	SYMBOL_ELLIPSIS, /* … */
};

struct paint {
	struct buf buf; /* the caller frees it */
	bool color;
	bool utf8;     /* else ASCII only */
	size_t width;  /* columns, for paint_words() */
	int verbosity; /* as struct request's */
};

void paint_style(struct paint *p, enum style s);
void paint_symbol(struct paint *p, enum symbol s);

/*
 * Foreign text, kept on its line: control characters (C0 but tab, DEL, C1), line separators,
 * characters that reorder text, and bytes that are not UTF-8 are written as \xNN; without utf8
 * all that is not ASCII is. NULL adds nothing.
 */
void paint_text(struct paint *p, const char *s);
void paint_bytes(struct paint *p, const char *s, size_t size);
void paint_styled(struct paint *p, enum style style, const char *s); /* in that style, then plain */

/*
 * Foreign text, broken at spaces where it would pass the width, further lines indented; newlines
 * in it begin a line too. A word that is too long stands whole: names are never cut. What stands
 * in backticks is a word, unless no line has room for it.
 */
void paint_words(struct paint *p, size_t indent, const char *s);

/*
 * Foreign text that may be as long as a file: beyond a thousand bytes it is cut, between two
 * characters, and how many bytes are left out is said. The value is broken as by paint_words().
 */
void paint_line(struct paint *p, const char *s, size_t size);
void paint_value(struct paint *p, size_t indent, const char *s);

/* The column that the buffer ends at, from 0; styles take no room. */
size_t paint_column(const struct paint *p);

#endif
