/* control.h - a socket for people and tests: one command a line, one answer a line.
 * A Unix stream socket; what the commands do is the program's. */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_LINE   256u
#define CONTROL_ANSWER 1024u

/* Takes the place of an old socket at `path`. False: errno says why. */
bool control_open(const char *path);
void control_close(void); /* and removes the socket */
/* Do what has come: `run` writes its answer, without the line's end. Does not wait. */
void control_poll(void (*run)(char *line, char *answer, size_t cap));

#endif
