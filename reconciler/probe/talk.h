/*
 * What is said between l4sync and its program in the sandbox: lines.
 *
 *	bind ID 4|6 udp|tcp PORT               to it
 *	call ID ABI NUMBER FIRST SECOND        its first two arguments; all others are -1
 *	end
 *	ID WORD NUMBER                         its answers, in the same order
 *
 * Nobody else's business.
 */
#ifndef L4SYNC_PROBE_TALK_H
#define L4SYNC_PROBE_TALK_H

#define TALK_LINE_MAX 128
#define TALK_BIND "bind"
#define TALK_CALL "call"
#define TALK_END "end"

#define TALK_SOCKET "socket" /* no socket of that kind: errno */
#define TALK_ERRNO "errno"   /* the call, or bind(2), has failed */
#define TALK_DONE "done"
#define TALK_SIGNAL "signal" /* whoever made the call was killed by it */
#define TALK_EXIT "exit"     /* or ended */
#define TALK_LATE "late"     /* the call has not come back */
#define TALK_FORK "fork"     /* there was no process to make the call */

#endif
