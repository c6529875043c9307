/*
 * The thread of the progress line (progress.h).
 * Touches nothing but its stream. Called by the terminal.
 */
#include "l4sync/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "l4sync/mem.h"
#include "l4sync/paint.h"

#define DELAY_NS 500000000L

struct progress {
	FILE *f;
	bool color, utf8;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Below the lock. */
	char *text;            /* NULL: nothing takes time */
	struct timespec begun; /* when something began to; further texts do not start it anew */
	struct timespec since; /* when this text was set */
	bool shown, stop;
};

static time_t seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - t->tv_sec - (now.tv_nsec < t->tv_nsec);
}

static size_t columns(FILE *f)
{
	struct winsize w;

	return ioctl(fileno(f), TIOCGWINSZ, &w) < 0 || w.ws_col < 10 ? 80 : w.ws_col;
}

/* The only text that is cut: a line that wraps could not be erased. */
static void cut(struct paint *p, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < p->buf.size; i++) {
		n += ((unsigned char)p->buf.data[i] & 0xc0) != 0x80;
		if (n <= room)
			continue;
		p->buf.size = i;
		p->buf.data[i] = '\0';
		return;
	}
}

static void draw(struct progress *g)
{
	struct paint p = {.utf8 = g->utf8};
	char elapsed[32] = "";
	time_t seconds = seconds_since(&g->since);

	if (seconds >= 2)
		snprintf(elapsed, sizeof(elapsed), " (%lld s)", (long long)seconds);
	paint_text(&p, g->text);
	cut(&p, columns(g->f) - 1 - strlen(elapsed));
	fprintf(g->f, "\r%s%s%s%s\033[K", g->color ? "\033[2m" : "", p.buf.data ? p.buf.data : "",
		elapsed, g->color ? "\033[0m" : "");
	fflush(g->f);
	buf_free(&p.buf);
	g->shown = true;
}

static void erase(struct progress *g)
{
	if (!g->shown)
		return;
	fputs("\r\033[K", g->f);
	fflush(g->f);
	g->shown = false;
}

static struct timespec next_draw(const struct progress *g)
{
	struct timespec at = g->begun;

	if (g->shown) { /* the seconds go on */
		clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec++;
		return at;
	}
	at.tv_nsec += DELAY_NS;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

static void *run(void *userdata)
{
	struct progress *g = userdata;

	pthread_mutex_lock(&g->lock);
	while (!g->stop) {
		if (!g->text) {
			pthread_cond_wait(&g->changed, &g->lock);
			continue;
		}
		struct timespec at = next_draw(g);
		if (pthread_cond_timedwait(&g->changed, &g->lock, &at) == ETIMEDOUT && g->text &&
			!g->stop)
			draw(g);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

struct progress *progress_new(FILE *f, bool color, bool utf8)
{
	struct progress *g = xmalloc(sizeof(*g));
	pthread_condattr_t attributes;
	sigset_t all, before;

	*g = (struct progress){.f = f, .color = color, .utf8 = utf8};
	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are for the thread that works. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&g->thread, NULL, run, g);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		return g;
	free(g);
	return NULL;
}

void progress_free(struct progress *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	erase(g);
	g->stop = true;
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g->text);
	free(g);
}

void progress_set(struct progress *g, const char *text)
{
	pthread_mutex_lock(&g->lock);
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!g->text)
		g->begun = now;
	g->since = now;
	free(g->text);
	g->text = text ? xstrdup(text) : NULL;
	if (!text)
		erase(g);
	else if (g->shown)
		draw(g);
	else
		pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void progress_hide(struct progress *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	erase(g);
}

void progress_show(struct progress *g)
{
	if (!g)
		return;
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
}
