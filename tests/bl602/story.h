/* story.h - how a test opens a session with a mini chip and ends it. */
#ifndef TESTS_BL602_STORY_H
#define TESTS_BL602_STORY_H

#include "bl602/bl602_session.h"
#include "bl602/mini_chip.h"

extern const struct pf_protocol *const proto;

/* Open --chip bl602 with a loader file at hand and a sync timeout of 20 s. */
enum pf_err try_open(struct mini *m, struct pf_link_options opt, struct pf_session **s);
/* Open with defaults; faults and counters count from here. */
struct pf_session *must_open(struct mini *m);
/* Assert a result; prints the failure's text when it is another. */
void must(struct mini *m, enum pf_err err, enum pf_err expect);
void done(struct mini *m, struct pf_session *s);
/* What a failure or an event said. */
void expect_text(const char *text, const char *word);

#endif
