/*
 * The documents of l4sync-json(5) as text for a person: one walk over the plan for the text, one
 * for markdown. They come from another host: every field may be missing or of a wrong type, which
 * shows as nothing.
 * Pure: into a paint. Called by the sinks.
 */
#ifndef L4SYNC_RENDER_H
#define L4SYNC_RENDER_H

#include <jansson.h>
#include <stdbool.h>

#include "l4sync/paint.h"

/* A member's text, "" if it is absent or none; its whole number, 0 if so. */
const char *field(const json_t *o, const char *key);
json_int_t field_number(const json_t *o, const char *key);

/* "https://… master 1f3a9c2e4b5d", of each source; several are separated by a comma. Further lines
 * are indented. */
void render_sources(struct paint *p, size_t indent, const json_t *sources);

/* Borrowed effects, sorted by position; the array is the caller's (free). */
json_t **effects_in_order(const json_t *list, size_t *ret_n);
/* Adds "a.service: exposure 7.5 → 1.3, at most 1.3"; false, and nothing was added: it goes, or
 * stays as exposed as it was and may be, unless all are asked for. */
bool exposure_text(struct buf *b, const json_t *exposure, const char *arrow, bool all);
/* No change, effect or finding: the summary says it all (of what is skipped, how many). */
bool plan_is_empty(const json_t *plan);
/* All of it but the summary. allowed: --allow-removal was given. */
void render_plan(struct paint *p, const json_t *plan, bool allowed);
/* Whether a finding of it says why an apply would refuse it; in how many it does. */
bool finding_refuses(const json_t *finding);
size_t plan_refusals(const json_t *plan);
/* Its changes, effects, findings and what is skipped: of one that is or was applied. */
void render_plan_body(struct paint *p, const json_t *plan);
/* "194 ok, 4 to change, 2 restarts", no newline */
void render_plan_summary(struct paint *p, const json_t *plan);
/* One change of the plan with what differs; lines of its own. */
void render_change(struct paint *p, const json_t *plan, const json_t *change);
/* Its directives by section: [Unit], those of the type, [Install]. What a directive takes is not
 * said where the unit comes or goes and nothing restarts for it. */
void render_directives(struct paint *p, const json_t *plan, const json_t *change);
/* "drift since 2026-11-24 03:10:00 UTC"; "" where the state itself changed. In the arena or the
 * change. */
const char *change_origin(struct arena *a, const json_t *change);
/* "+", "~" or "-" of a change's op; the style of a line that begins so */
const char *change_sign(const json_t *change);
enum style sign_style(char sign);
/* Why the content is not shown, or NULL if there is nothing to say. */
const char *change_hidden(const json_t *change);

/* "↻ restart x.service, along with y.service", and its newline */
void render_effect_line(struct paint *p, const json_t *effect);
void render_explanation(struct paint *p, const json_t *explanation);

void render_markdown(struct paint *p, const json_t *plan);

/* Of the verify document: a line a unit, a line for each setting that is not in force; with -v also
 * for what cannot be told, and what the process may have changed itself. Broken at the paint's
 * width, for whoever looks for a line at none. */
void render_verify(struct paint *p, const json_t *document);
/* "2 units: 82 settings hold, 5 could not be checked", no newline */
void render_verify_summary(struct paint *p, const json_t *document);
/* The findings of a plan or of lint; with the heading above them. Not those that refuse it. */
void render_findings(struct paint *p, const json_t *list);
void render_markdown_findings(struct paint *p, const json_t *list);
/* All of lint's document but the summary; that, without a newline; both. */
void render_lint(struct paint *p, const json_t *lint);
void render_lint_summary(struct paint *p, const json_t *lint);
void render_lint_markdown(struct paint *p, const json_t *lint);

/* "194 ok, 4 fixed, 0 failed, 0 deferred in 3.2 s", no newline; nothing if it has no counts */
void render_done(struct paint *p, const json_t *done);
/* "3 round trips to systemd, 25 ms": what a command that only reads has cost; the same */
void render_cost(struct paint *p, const json_t *done);
void render_status(struct paint *p, const json_t *status);
void render_generation(struct paint *p, const json_t *generation);
/* What it changed, where it comes with its plan. */
void render_generation_plan(struct paint *p, const json_t *generation);

#endif
