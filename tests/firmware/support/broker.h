/* broker.h - a broker in place of the wire: it takes what the plug publishes, keeps what is to
 * be kept, and gives back what the plug has subscribed to, its own publications included. */
#ifndef TESTS_FIRMWARE_BROKER_H
#define TESTS_FIRMWARE_BROKER_H

#include "rig.h"

struct broker {
    bool away;            /* does not answer: the attempt fails after a while */
    bool mute;            /* neither does the attempt fail */
    unsigned room;        /* packets it takes each turn; 0: stalled */
    unsigned attempts;    /* to connect */
    unsigned packets;     /* publications taken */
    uint64_t tried_s[64]; /* when */
    char first[160];      /* the first publication after a connect: topic=payload */
    char all[4096];       /* subscriptions since the last connect, one per line */
    bool connected;
};
extern struct broker broker;

void broker_reset(void);
/* One turn: attempts end, and what is under way to the plug arrives. */
void broker_turn(void);
/* Time passes for plug and broker. */
void broker_run(uint32_t ms);
/* Another client publishes; the plug hears it if it has subscribed to that. True: it has. */
bool broker_say(const char *topic, const char *payload);
/* What the plug has published there last; NULL: nothing. */
const char *broker_last(const char *topic);
unsigned broker_count(const char *topic); /* times */
int broker_retained(const char *topic);   /* the last one: 1, 0; -1: there is none */
int broker_qos(const char *topic);
unsigned broker_topics(void);
const char *broker_topic(unsigned i); /* in the order of their first publication */
void broker_forget(void);             /* all of that */
/* The connection breaks; the plug is told. */
void broker_drop(void);

#endif
