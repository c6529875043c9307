/*
 * Whether an action is to be run (action.h): from what the state says of it, what is known of it,
 * and what its unless says. Pure: no I/O. Called when a plan is made; tests cite the row numbers.
 */
#include "l4sync/action.h"

/*
 *  row  triggers  known    unless   verdict
 *   1   -         done     -        nothing to do
 *   2   =         done     any      nothing to do            (unless is not asked)
 *   3   any       pending  - T ?    run: it failed, or was interrupted
 *   4   -         never    -        run: it has never been run
 *       = #       never    - T ?
 *   5   -         other    -        run: it is another one than was run
 *       = #       other    - T ?
 *   6   #         done     - T ?    run: one of them has changed
 *   7   -         not pending T ?   run: its unless says so, or cannot say
 *   8   - = #     any      N        nothing to do, which is noted as if it had been run
 *   9   # now     any      N        run: this plan changes what unless looks at, so it is asked
 *                                   again when its turn comes
 *
 * Triggers: "-" neither on_change nor an action that it follows; "=" all as when it succeeded; "#"
 * one is not. unless: "-" none; N exit status 0, there is nothing to do; T there is; "?" it could
 * not be asked. Whatever the row, unless is asked again immediately before the action is run.
 */

static bool is_row_2(const struct action_facts *f)
{
	return f->has_triggers && !f->triggered && f->known == KNOWN_DONE;
}

bool action_is_due(const struct action_facts *f)
{
	return !is_row_2(f) &&
	       (f->has_triggers || f->known != KNOWN_DONE || f->answer != ANSWER_NONE);
}

static unsigned row_of(const struct action_facts *f)
{
	if (is_row_2(f))
		return 2;
	if (f->answer == ANSWER_NOTHING)
		return f->has_triggers && f->triggered && f->now ? 9 : 8;
	if (f->known == KNOWN_PENDING)
		return 3;
	if (!f->has_triggers && f->answer != ANSWER_NONE)
		return 7;
	switch (f->known) {
	case KNOWN_NEVER:
		return 4;
	case KNOWN_OTHER:
		return 5;
	default:
		return f->has_triggers ? 6 : 1;
	}
}

unsigned action_verdict(const struct action_facts *f, bool *ret_run)
{
	unsigned row = row_of(f);

	*ret_run = row != 1 && row != 2 && row != 8;
	return row;
}
