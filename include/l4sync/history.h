/*
 * Generations: a bare git repository (libgit2), a commit without parents under
 * refs/generations/N for each recorded apply. Holds the want, what was there before, the originals
 * of what was adopted, plan and outcome. Secret content never enters it.
 * Called by the pipeline and the verbs log, show, status, rollback.
 */
#ifndef L4SYNC_HISTORY_H
#define L4SYNC_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l4sync/err.h"
#include "l4sync/hash.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

struct history;

/* dir_path: the state directory (/var/lib/l4sync or below --root), which exists if create. With
 * create false and nothing there: -ENOENT. */
int history_open(const char *dir_path, bool create, struct history **ret, struct err *e);
void history_close(struct history *h);
void history_closep(struct history **h);
#define _cleanup_history_ __attribute__((cleanup(history_closep)))

/* The host's secret key for HMACs, made at the first call (0600, synced). */
int history_key(struct history *h, unsigned char ret[HASH_SIZE], struct err *e);

enum outcome { OUTCOME_APPLIED, OUTCOME_ROLLED_BACK, OUTCOME_FAILED };

struct generation {
	uint64_t number;
	int64_t time;        /* seconds since the epoch, UTC */
	const char *user;    /* who: SUDO_USER or the login name */
	const char *client;  /* "SSH_CLIENT's address" or NULL */
	const char *command; /* the command line, without secrets */
	enum outcome outcome;
	const char *error; /* of a failed one, or NULL */
	const char *plan;  /* the plan document (JSON), or NULL */
	unsigned fixed, failed, restarted;
	/* Of a rollback: the generation that it was planned towards (0: what was before the first)
	 * and the one it left (0: it is no rollback). */
	uint64_t rollback_to, rollback_from;
	/* Of a heal: the generation that had applied what it has put back; else 0. One of a
	 * rollback has that one's rollback_to and rollback_from too: what was left behind stays so.
	 */
	uint64_t heals;
	const char *reason; /* of what the host did by itself: why; or NULL */
	size_t n_sources;
	const char **sources; /* "URL REF COMMIT" each, as in the want's metas */
	/* Sorted. Of one that was read they are the caller's: generation_clear(). */
	struct resources *want;   /* NULL when only listed */
	struct resources *before; /* what the changed resources were; NULL when only listed */
	struct resources
		*originals; /* adopted resources as they were found; NULL when only listed */
};

/* Frees the sets; the texts are the arena's. */
void generation_clear(struct generation *g);
#define _cleanup_generation_ __attribute__((cleanup(generation_clear)))

/* The newest successful generation, without plan and before; -ENOENT (no text) when there is none.
 * Contents of the sets are hashes only until history_content() is asked. A generation that cannot
 * be read is -EBADMSG with a text that says how to go on; an older one is never taken in its place.
 */
int history_base(struct history *h, struct arena *a, struct generation *ret, struct err *e);
int history_get(
	struct history *h, uint64_t number, struct arena *a, struct generation *ret, struct err *e);
/* Newest first, at most max (0: all); the sets are NULL. Reads no want. */
int history_list(struct history *h, struct arena *a, size_t max, struct generation **ret,
	size_t *ret_n, struct err *e);

/*
 * Records; number is filled in. Durable when it returns (fsync); a crash before leaves nothing that
 * is seen. The want must be there, the other sets may be NULL (empty). The caller holds the run
 * lock: one writer at a time. The bytes of a secret resource are not stored, neither for itself nor
 * for a resource of that id in another set, nor for any other with equal bytes: they become an
 * HMAC. A content of which only the hash is known is taken over from an earlier generation.
 */
int history_record(struct history *h, struct generation *g, struct err *e);

/*
 * The same in two halves, so that a generation is seen exactly when its run is past the point of no
 * return. history_prepare() records where no reader looks; history_publish() makes what is prepared
 * the newest generation; history_discard() forgets it. The latter two do nothing when nothing is
 * prepared: a recovery calls them without knowing how far the run had come.
 */
int history_prepare(struct history *h, struct generation *g, struct err *e);
int history_publish(struct history *h, struct err *e);
int history_discard(struct history *h, struct err *e);

/* What is kept of the past. A generation goes when it is beyond both. */
struct history_limits {
	unsigned keep;     /* the newest that were applied stay, and as many that failed; > 0 */
	int64_t max_age_s; /* what is younger stays; 0: only the number counts */
};
#define HISTORY_LIMITS_DEFAULT ((struct history_limits){.keep = 50, .max_age_s = 90 * 86400})

/*
 * Forgets what is beyond the limits and frees its space: refs first, durably, then each loose
 * object that no ref leads to (SPEC 9). The base stays, and with it the originals and contents that
 * it names. Nothing happens if a generation cannot be read (-EBADMSG, the text names it).
 * Interrupted at any point it leaves a history that is whole, and what is still to be removed to
 * the next call. The caller holds the run lock: an object that is being written has no ref yet.
 */
int history_prune(
	struct history *h, const struct history_limits *limits, int64_t now_s, struct err *e);

/* The bytes of a content that a set of this history holds only as a hash; one whose bytes are
 * there is given back as it is. -ENOENT with a text: not kept (a secret's never are). */
int history_content(struct history *h, struct arena *a, const struct content *c,
	const struct content **ret, struct err *e);

#endif
