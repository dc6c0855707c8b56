/* status.h - results and log of libhcd; a part of hcd.h, which you include.
 *
 * SPDX-License-Identifier: BSD-2-Clause */
#ifndef HCD_STATUS_H
#define HCD_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HCD_API __attribute__((visibility("default")))
#else
#define HCD_API
#endif

/* Result of a call. Negative: an error, whose text hcd_last_error() gives. After every error but
 * HCD_E_DEVICE the context can still be used (another configure, another frame). */
typedef enum hcd_status {
    HCD_OK = 0,
    HCD_AGAIN = 1,          /* hcd_receive_frame(): nothing ready, send a frame first           */
    HCD_EOF = 2,            /* hcd_receive_frame(): drained, nothing will come any more         */
    HCD_E_OPTION = -1,      /* unknown option, or a value out of its range                      */
    HCD_E_FORMAT = -2,      /* frame size or format that cannot be handled                      */
    HCD_E_FILE = -3,        /* weights missing, unreadable, damaged or of another kind          */
    HCD_E_DEVICE = -4,      /* device or back end not there, or it failed                       */
    HCD_E_MEMORY = -5,      /* out of memory, or of threads                                     */
    HCD_E_STATE = -6,       /* calls in the wrong order                                         */
    HCD_E_INTERNAL = -7     /* a defect of this library                                         */
} hcd_status;

typedef enum hcd_log_level {
    HCD_LOG_ERROR = 0,
    HCD_LOG_WARNING = 1,
    HCD_LOG_INFO = 2,
    HCD_LOG_VERBOSE = 3
} hcd_log_level;

/* Receives one line without a line break; `message` lives only during the call. Called from the
 * thread that called into the library. */
typedef void (*hcd_log_fn)(void *opaque, hcd_log_level level, const char *message);

#ifdef __cplusplus
}
#endif

#endif /* HCD_STATUS_H */
