/*
 * The value that `l4sync secret set` and `encrypt` are given: standard input, never the command
 * line, where everybody could see it. On a terminal one line, which is not echoed.
 * Called by main.
 */
#include "l4sync/secret_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "l4sync/text.h"

#define VALUE_MAX (256u << 10) /* bytes: what a request can carry */

static bool takes_value(const struct request *r)
{
	return !strcmp(r->command, "secret") && r->n_arguments == 2 &&
	       (!strcmp(r->arguments[0], "set") || !strcmp(r->arguments[0], "encrypt"));
}

/* Up to its end; of a terminal the first line. */
static int read_value(struct buf *b, bool one_line)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_add(b, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof chunk);
		if (b->size > VALUE_MAX)
			return -EFBIG;
		if (one_line && memchr(b->data, '\n', b->size))
			return 0;
	}
	return 0;
}

static int ask_value(struct buf *b, const char *name)
{
	struct termios before, silent;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fprintf(stderr, "Value of %s (not shown): ", name);
	int r = read_value(b, true);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return r;
}

int secret_input(struct arena *a, struct request *r, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (!takes_value(r))
		return 0;
	int code = isatty(STDIN_FILENO) ? ask_value(&b, r->arguments[1]) : read_value(&b, false);
	if (code == -EFBIG)
		return err_set(e, code, "the value is larger than %u bytes", VALUE_MAX);
	if (code < 0)
		return err_errno(e, code, "cannot read the value from standard input");
	/* Whoever has used echo did not mean its newline. */
	if (b.size && b.data[b.size - 1] == '\n')
		b.data[--b.size] = '\0';
	if (b.size && (memchr(b.data, 0, b.size) || !text_is_utf8(b.data, b.size)))
		return err_set(e, -EINVAL, "the value must be text in UTF-8");
	r->input = arena_strdup(a, b.size ? b.data : "");
	if (b.data)
		explicit_bzero(b.data, b.size);
	return 0;
}
