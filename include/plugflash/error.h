/* error.h - what can go wrong, one code per remedy.
 *
 * Every function that can fail returns enum pf_err and nothing else; values
 * leave through pointers. The place that knows the facts calls pf_fail()
 * (event.h) once; everyone above returns the code untouched. The exit status
 * of the program follows from the code alone: pf_exit_status(). */
#ifndef PLUGFLASH_ERROR_H
#define PLUGFLASH_ERROR_H

enum pf_err {
    PF_OK = 0,
    PF_ERR_INTERNAL = -1,  /* our bug; exit 1 */
    PF_ERR_NOMEM = -2,     /* no memory; exit 1 */
    PF_ERR_USAGE = -3,     /* the call makes no sense; exit 2 */
    PF_ERR_RANGE = -4,     /* address or length outside the flash; exit 2 */
    PF_ERR_SUPPORT = -5,   /* this port, loader or build cannot do that; exit 2 */
    PF_ERR_PORT = -6,      /* port missing, busy or not permitted; exit 3 */
    PF_ERR_SYNC = -7,      /* no valid answer was ever seen; exit 4 */
    PF_ERR_CHIP = -8,      /* wrong or unknown chip, or the image does not fit it; exit 5 */
    PF_ERR_IO = -9,        /* the port vanished after it had been opened; exit 6 */
    PF_ERR_TIMEOUT = -10,  /* no answer in time; exit 6 */
    PF_ERR_PROTOCOL = -11, /* an answer that cannot be one; exit 6 */
    PF_ERR_VERIFY = -12,   /* the device holds something else; exit 7 */
    PF_ERR_UNPROVEN = -13, /* could not verify; exit 8 */
    PF_ERR_GUARD = -14,    /* a guard region is in the way; exit 9 */
    PF_ERR_FILE = -15,     /* a file or manifest: missing, exists, full, malformed; exit 10 */
    PF_ERR_REFUSED = -16,  /* the device said no; exit 11 */
    PF_ERR_PARTIAL = -17,  /* stopped half-way, run again to finish; exit 12 */
    PF_ERR_CANCELED = -18, /* asked to stop, nothing was changed; exit 130 */
};

/* The exit status of product surface 1..13 and 130 for `err`; 0 for PF_OK. */
int pf_exit_status(enum pf_err err);

/* A stable lower-case word for JSON: "ok", "usage", "verify", ... */
const char *pf_err_name(enum pf_err err);

/* Return from the calling function when `expr` fails and nothing is owned. */
#define PF_TRY(expr)                                                                               \
    do {                                                                                           \
        enum pf_err pf_try_err_ = (expr);                                                          \
        if (pf_try_err_ != PF_OK)                                                                  \
            return pf_try_err_;                                                                    \
    } while (0)

#endif
