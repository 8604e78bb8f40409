/* story.h - how a test opens a session with a mini loader and ends it. */
#ifndef TESTS_BK7231_STORY_H
#define TESTS_BK7231_STORY_H

#include "bk7231/bk7231_session.h"
#include "bk7231/mini_loader.h"

extern const struct pf_protocol *const proto;

/* Open with a sync timeout of 5 s. */
enum pf_err try_open(struct mini *m, struct pf_link_options opt, struct pf_session **s);
/* Open with defaults; faults and counters count from here. */
struct pf_session *must_open(struct mini *m);
/* Assert a result; prints the failure's text when it is another. */
void must(struct mini *m, enum pf_err err, enum pf_err expect);
void done(struct mini *m, struct pf_session *s);

#endif
