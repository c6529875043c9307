/*
 * Standard output and error as they are: terminals or not, colours, width, asking (terminal.h).
 * Does not know events. Called by the sinks.
 */
#include "l4sync/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "l4sync/progress.h"

static bool is_capable(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb");
}

static bool wants_color(FILE *f, int color)
{
	const char *no_color = getenv("NO_COLOR");

	return color < 0 ? is_capable(f) && !(no_color && *no_color) : color > 0;
}

/* Columns of a terminal, as many as are easily read; otherwise what is said. */
static size_t columns(FILE *f, size_t otherwise)
{
	struct winsize w;

	if (ioctl(fileno(f), TIOCGWINSZ, &w) < 0)
		return otherwise;
	return w.ws_col < 40 ? 80 : w.ws_col < 120 ? w.ws_col : 120;
}

static bool same_place(FILE *a, FILE *b)
{
	struct stat x, y;

	return fstat(fileno(a), &x) == 0 && fstat(fileno(b), &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

void terminal_init(struct terminal *t, int color, int verbosity)
{
	*t = (struct terminal){
		.out = stdout,
		.err = stderr,
		.color_out = wants_color(stdout, color),
		.color_err = wants_color(stderr, color),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.asks = isatty(STDIN_FILENO) && isatty(STDERR_FILENO),
		.width = columns(stdout, 80),
		.width_line = columns(stdout, SIZE_MAX),
		.width_err = columns(stderr, SIZE_MAX),
		.together = same_place(stdout, stderr),
		.verbosity = verbosity,
	};
	if (verbosity >= 0 && is_capable(stderr))
		t->progress = progress_new(stderr, t->color_err, t->utf8);
}

int terminal_close(struct terminal *t)
{
	progress_free(t->progress);
	t->progress = NULL;
	return t->error;
}

struct paint terminal_paint(const struct terminal *t, FILE *f)
{
	return (struct paint){
		.color = f == t->out ? t->color_out : t->color_err,
		.utf8 = t->utf8,
		.width = t->width,
		.verbosity = t->verbosity,
	};
}

void terminal_show(struct terminal *t, FILE *f, struct paint *p)
{
	progress_hide(t->progress);
	errno = 0;
	size_t n = p->buf.size ? fwrite(p->buf.data, 1, p->buf.size, f) : 0;
	/* Flushed at once: both streams may go to one place, and somebody may be reading along. */
	if ((n < p->buf.size || fflush(f)) && f == t->out && !t->error)
		t->error = errno ? -errno : -EIO;
	progress_show(t->progress);
	buf_free(&p->buf);
}

void terminal_progress(struct terminal *t, const char *text)
{
	if (t->progress)
		progress_set(t->progress, text);
}

/* Not through stdio: what is behind the line belongs to nobody. The end of input and an
 * interrupted read (SIGINT) are a no, and leave the line unended. */
static int read_answer(FILE *echo, const sigset_t *waiting)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[64];
	ssize_t n = ppoll(&in, 1, NULL, waiting);

	if (n > 0)
		n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0) {
		fputs("\n", echo);
		return 0;
	}
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return !strcasecmp(line, "y") || !strcasecmp(line, "yes");
}

int terminal_ask(struct terminal *t, const char *question)
{
	if (!t->asks)
		return -ENOTTY;
	terminal_progress(t, NULL);
	struct paint p = terminal_paint(t, t->err);
	p.width = t->width_err;
	paint_style(&p, STYLE_BOLD);
	paint_words(&p, 2, question);
	paint_style(&p, STYLE_PLAIN);
	buf_adds(&p.buf, " [y/N] ");
	/* One that came between the question and the wait would be lost, and the wait endless. */
	sigset_t signals, before;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	terminal_show(t, t->err, &p);
	int answer = read_answer(t->err, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return answer;
}
