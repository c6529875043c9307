/*
 * --help and completion words, from the table (command.h).
 * Decides nothing. Called by the options.
 */
#include <string.h>

#include "l4sync/command.h"
#include "l4sync/mem.h"
#include "l4sync/paint.h"

#define FLAG_COLUMN 22
#define HELP_WIDTH 80

/* Spaces up to the column; on the next line if there is no room for one. */
static void column(struct paint *p, size_t to)
{
	if (paint_column(p) >= to)
		buf_addc(&p->buf, '\n');
	for (size_t n = paint_column(p); n < to; n++)
		buf_addc(&p->buf, ' ');
}

static void flag_help(struct paint *p, const struct command *c, const struct flag *f)
{
	if (f->letter)
		buf_addf(&p->buf, "  -%c%s", f->letter, f->name ? ", " : "");
	else
		buf_adds(&p->buf, "      ");
	if (f->name)
		buf_addf(&p->buf, "--%s", f->name);
	if (f->value && f->value[0] == '[')
		buf_addf(&p->buf, "[=%s", f->value + 1);
	else if (f->value)
		buf_addf(&p->buf, " %s", f->value);
	column(p, FLAG_COLUMN);
	paint_words(p, FLAG_COLUMN, f->help ? f->help : command_formats(c));
	buf_addc(&p->buf, '\n');
}

static void program_help(struct paint *p)
{
	buf_adds(&p->buf, "Usage: l4sync [-H HOST] COMMAND [FLAG...]\n\n"
			  "Makes a systemd host match a git repository.\n\nCommands:\n");
	for (const struct command *c = command_table; c->name; c++) {
		if (!c->summary)
			continue;
		buf_addf(&p->buf, "  %s", c->name);
		column(p, 11);
		buf_addf(&p->buf, "%s\n", c->summary);
	}
	buf_adds(&p->buf, "\nl4sync COMMAND --help lists the flags; l4sync(1) tells the rest.\n"
			  "The host of -H is also taken from L4SYNC_HOST, or from `host: HOST` in\n"
			  "~/.config/l4sync/config.yaml.\n");
}

static void command_help(struct paint *p, const struct command *c)
{
	buf_addf(&p->buf, "Usage: l4sync %s [FLAG...]%s%s\n\n", c->name, c->argument ? " " : "",
		c->argument ? c->argument : "");
	for (const char *s = c->text, *end; *s; s = end + (*end == '\n')) {
		_cleanup_arena_ struct arena *a = arena_new();

		end = s + strcspn(s, "\n");
		paint_words(p, 0, arena_strndup(a, s, (size_t)(end - s)));
		buf_addc(&p->buf, '\n');
	}
	buf_addc(&p->buf, '\n');
	for (const struct flag *f = flag_table; f->name || f->letter; f++)
		if (f->commands & c->bit)
			flag_help(p, c, f);
}

void help_print(FILE *f, const struct command *c)
{
	struct paint p = {.width = HELP_WIDTH};

	if (c)
		command_help(&p, c);
	else
		program_help(&p);
	fputs(p.buf.data, f);
	buf_free(&p.buf);
}

void completion_print(FILE *f, const struct command *c)
{
	if (!c) {
		for (c = command_table; c->name; c++)
			if (c->summary)
				fprintf(f, "%s\n", c->name);
		fprintf(f, "--help\n--version\n-H\n");
		return;
	}
	for (const struct flag *flag = flag_table; flag->name || flag->letter; flag++) {
		if (!(flag->commands & c->bit))
			continue;
		if (flag->name)
			fprintf(f, "--%s%s\n", flag->name, flag->value ? "=" : "");
		else
			fprintf(f, "-%c\n", flag->letter);
	}
}
