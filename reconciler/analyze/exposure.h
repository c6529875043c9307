/* Between exposure.c and its test. */
#ifndef L4SYNC_ANALYZE_EXPOSURE_H
#define L4SYNC_ANALYZE_EXPOSURE_H

/* Calls each for what the names of rows begin with that there is an advice for. */
void exposure_advice_each(void (*each)(const char *row, void *userdata), void *userdata);

#endif
