/* Between systemd_probe.c and probe_properties.c. */
#ifndef L4SYNC_TESTS_PROBE_H
#define L4SYNC_TESTS_PROBE_H

/* Of each unit name on stdin, which systemd loads for that. */
int cmd_properties(void);

#endif
