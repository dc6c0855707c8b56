/* hcd.h - the public API of libhcd: collaborative downscaling of video frames, and enlarging.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * hcd_down makes small frames that a known client (a player's bicubic scaler, a network) enlarges
 * best; hcd_up is that client. Method: Xu et al., "Downscaled Representation Matters: Improving
 * Image Rescaling with Collaborative Downscaled Images", ICCV 2023 ("the paper").
 *
 * Order of calls:
 *
 *     hcd_down_params p;
 *     hcd_down_params_init(&p);
 *     hcd_down_params_set(&p, "model", "bicubic", err, sizeof(err));
 *     hcd_ctx *ctx;
 *     hcd_down_create(&ctx, &p, NULL, NULL);
 *     hcd_format in_format = { .struct_size = sizeof(hcd_format), .width = 1920, ... };
 *     hcd_format out_format = { .struct_size = sizeof(hcd_format) };
 *     hcd_configure(ctx, &in_format, &out_format);      in_format known, out_format filled
 *     per frame: hcd_send_frame(ctx, &in);  then hcd_receive_frame(ctx, &out, &stats) until HCD_AGAIN
 *     at the end: hcd_send_frame(ctx, NULL);  then hcd_receive_frame() until HCD_EOF
 *     hcd_destroy(&ctx);
 *
 * One frame in, one frame out, in order. The library has no global state that a caller could see
 * (no environment, locale, signal mask, arithmetic mode or thread count changes), never writes to
 * standard output or error, and lets no C++ exception through. Numbers are read and written with a
 * point, whatever the caller's locale.
 *
 * Binary compatibility, from version 0.2.0 on: every struct that may grow begins with its size as
 * the caller knows it. Fields are only ever appended. So a program built with an older header runs
 * with a newer library, which reads and writes no more than the caller's struct has, and one built
 * with a newer header runs with an older library as long as it leaves what is new at zero. */
#ifndef HCD_HCD_H
#define HCD_HCD_H

#include <hcd/status.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HCD_VERSION_MAJOR 0
#define HCD_VERSION_MINOR 2
#define HCD_VERSION_PATCH 0

/* Version of the library that runs, "MAJOR.MINOR.PATCH". Static string. */
HCD_API const char *hcd_version(void);

/* A field with a place of eight bytes to itself: what is appended later never lies in the padding
 * of an older struct. */
#ifdef __cplusplus
#define HCD_SLOT alignas(8)
#else
#define HCD_SLOT _Alignas(8)
#endif

/* ---- results and log: <hcd/status.h> --------------------------------------------------------- */

/* Name of a status, for example "HCD_E_OPTION". Static string, never NULL. */
HCD_API const char *hcd_status_name(hcd_status status);

/* ---- frames -------------------------------------------------------------------------------- */

typedef enum hcd_layout {
    HCD_LAYOUT_GRAY = 1,    /* 1 plane                                                          */
    HCD_LAYOUT_YUV420,      /* 3 planes, chroma halved in both directions                       */
    HCD_LAYOUT_YUV422,      /* 3 planes, chroma halved horizontally                             */
    HCD_LAYOUT_YUV444,      /* 3 planes                                                         */
    HCD_LAYOUT_NV12,        /* 2 planes: Y, then Cb and Cr interleaved; 4:2:0 (also P010)       */
    HCD_LAYOUT_RGB          /* 3 planes R, G, B                                                 */
} hcd_layout;

/* Range of the code values. Unspecified is read as limited for Y'CbCr and gray and full for RGB. */
typedef enum hcd_range { HCD_RANGE_UNSPECIFIED = 0, HCD_RANGE_LIMITED, HCD_RANGE_FULL } hcd_range;

/* Matrix between R'G'B' and Y'CbCr; matters for networks that see RGB. Unspecified is read as BT.709
 * from 720 lines up and as BT.601 below, like players do. */
typedef enum hcd_matrix {
    HCD_MATRIX_UNSPECIFIED = 0,
    HCD_MATRIX_BT601,
    HCD_MATRIX_BT709,
    HCD_MATRIX_BT2020
} hcd_matrix;

/* Where a subsampled chroma sample sits in its group of luma samples. Unspecified is read as left,
 * the default of H.264, HEVC and AV1 players. */
typedef enum hcd_siting {
    HCD_SITING_UNSPECIFIED = 0,
    HCD_SITING_LEFT,
    HCD_SITING_CENTER,
    HCD_SITING_TOPLEFT,
    HCD_SITING_TOP,
    HCD_SITING_BOTTOMLEFT,
    HCD_SITING_BOTTOM
} hcd_siting;

/* Where the samples of a frame lie: "Frames in CUDA memory", below. */
typedef enum hcd_device { HCD_DEVICE_HOST = 0, HCD_DEVICE_CUDA = 1 } hcd_device;

/* What the samples of a frame are. Plane sizes of subsampled chroma are rounded up. */
typedef struct hcd_format {
    size_t struct_size;     /* sizeof(hcd_format), set by the caller                            */
    int width;              /* luma samples, [1, 32768]                                         */
    int height;             /* luma samples, [1, 32768]                                         */
    hcd_layout layout;
    int depth;              /* bits of a sample, [8, 16]; 8: one byte, else two, native endian  */
    int shift;              /* unused low bits below a sample: 6 for P010, else 0               */
    hcd_range range;
    hcd_matrix matrix;
    hcd_siting siting;
    hcd_device device;      /* of the frames of this format                                     */
    int device_index;       /* of a CUDA device whose primary context is used; 0 for host memory */
    HCD_SLOT void *device_context; /* a CUcontext, used instead; NULL: none, or host memory     */
    HCD_SLOT uint64_t reserved[4]; /* 0                                                         */
} hcd_format;

#define HCD_FRAME_PLAIN 1   /* resize this frame plainly: no descent (a filter that is disabled) */

/* One frame. The library never frees or keeps `data`.
 * hcd_send_frame(): the pixels stay the caller's and must stay valid and unchanged until the frame
 * has come out of hcd_receive_frame(), or until hcd_reset() or hcd_destroy().
 * hcd_receive_frame(): the caller provides the memory, of the format that hcd_configure() returned;
 * on failure its content is undefined. */
typedef struct hcd_frame {
    size_t struct_size;     /* sizeof(hcd_frame), set by the caller                             */
    uint8_t *data[4];       /* planes                                                           */
    ptrdiff_t stride[4];    /* bytes from one row to the next; may be negative                  */
    void *opaque;           /* travels unchanged from a sent frame to the received one          */
    unsigned flags;         /* HCD_FRAME_*, of a sent frame; others are refused                 */
    hcd_device device;      /* as in its format                                                 */
    HCD_SLOT void *device_stream;  /* a CUstream that orders work on the samples; NULL: CUDA's
                               default stream, or host memory                                   */
    HCD_SLOT uint64_t reserved[4]; /* 0                                                         */
} hcd_frame;

/* ---- frames in CUDA memory --------------------------------------------------------------------
 *
 * They never leave the GPU: in->device of hcd_configure() is HCD_DEVICE_CUDA, and frames go in and
 * come out as device addresses with pitches (of the same meaning as in host memory, in `data` and
 * `stride`). The frames that come out lie where those that go in do: out->device is 0 or the same,
 * with the same index and context, and is filled in. Linear clients and light networks take them;
 * networks that LibTorch runs take those of a device's primary context, where LibTorch has CUDA, and
 * refuse others (HCD_E_FORMAT). The option `device` may say auto, cuda, or cuda:N of that GPU. Host
 * frames with device=cuda (or auto, where there is a GPU) are computed there, too:
 * the library carries them over and back, and their bytes are there when hcd_receive_frame()
 * returns.
 *
 * Context: device_context, which must outlive the hcd_ctx or its next hcd_configure(); it need not
 * be current when a function is called, and the one that is current stays so. NULL: the primary
 * context of device_index, which is retained as long as it is used (that of the CUDA runtime).
 *
 * Order: the library reads a frame that was sent, and fills one that comes out, by work behind
 * everything that was queued on the streams of both before hcd_receive_frame() was called, and
 * everything that is queued on the stream of the frame that comes out after its return is behind
 * that work. So a caller with one stream need not wait for anything: it queues what makes a frame,
 * sends it, receives, and queues what uses the result. Nothing is to be waited for on the sent
 * frame's stream, either: once the call has returned, work queued there may overwrite its samples
 * or free them. (The call itself may wait for numbers that it needs from the GPU.) A stream is of
 * that context and has to live until the hcd_receive_frame() that used it has returned, no longer.
 * Other frames on other streams are not touched.
 *
 * Where the GPU's memory does not suffice, HCD_E_MEMORY says what was asked for. The frame is lost,
 * the context stays usable. An error of the GPU itself may come late, with a frame after the one
 * that caused it. */

/* ---- parameters ---------------------------------------------------------------------------- */

/* "Not given": the library chooses. Value of those options whose default is auto. */
#define HCD_AUTO (-2147483647 - 1)

/* The options of hcd_down and hcd_up; meaning, unit and range of each: <hcd/options.def>. Strings
 * are the caller's and need to live until hcd_*_create() returns.
 * Thread-safety: plain data. */
typedef struct hcd_down_params {
    HCD_SLOT size_t struct_size; /* sizeof(hcd_down_params), set by hcd_down_params_init()      */
#define HCD_OPTIONS_DOWN
#define HCD_OPTION(type, name, def, min, max, runtime, help) HCD_SLOT type name;
#define HCD_RETIRED_NUM(name) HCD_SLOT double name;
#include <hcd/options.def>
} hcd_down_params;

typedef struct hcd_up_params {
    HCD_SLOT size_t struct_size; /* sizeof(hcd_up_params), set by hcd_up_params_init()          */
#define HCD_OPTIONS_UP
#define HCD_OPTION(type, name, def, min, max, runtime, help) HCD_SLOT type name;
#include <hcd/options.def>
} hcd_up_params;

/* Fill in the defaults. Called through the macros, with `params` alone: the size is that of the
 * struct in the header that the caller was built with. */
HCD_API void hcd_down_params_init(hcd_down_params *params, size_t struct_size);
HCD_API void hcd_up_params_init(hcd_up_params *params, size_t struct_size);
#define hcd_down_params_init(params) hcd_down_params_init((params), sizeof(hcd_down_params))
#define hcd_up_params_init(params) hcd_up_params_init((params), sizeof(hcd_up_params))

/* Set one option from text ("auto" where the option has it). `value` is kept by pointer for text
 * options. On HCD_E_OPTION `error` (may be NULL) gets a text that names the option, what was
 * expected and what was found. */
HCD_API hcd_status hcd_down_params_set(hcd_down_params *params, const char *key, const char *value,
                                       char *error, size_t error_size);
HCD_API hcd_status hcd_up_params_set(hcd_up_params *params, const char *key, const char *value,
                                     char *error, size_t error_size);

/* ---- contexts ------------------------------------------------------------------------------ */

/* A downscaler or an upscaler.
 * Thread-safety: one thread at a time; different contexts are independent. */
typedef struct hcd_ctx hcd_ctx;

/* Make a context; checks the options, loads nothing heavy. `log` may be NULL.
 * On failure *ctx is a context that answers only hcd_last_error() and hcd_destroy() (so that the
 * text can be had), or NULL where even that found no memory. Destroy it in every case. */
HCD_API hcd_status hcd_down_create(hcd_ctx **ctx, const hcd_down_params *params, hcd_log_fn log,
                                   void *log_opaque);
HCD_API hcd_status hcd_up_create(hcd_ctx **ctx, const hcd_up_params *params, hcd_log_fn log,
                                 void *log_opaque);

/* Say what frames come. `out->width` and `out->height`: the size wanted, or 0 for the one that the
 * option `scale` gives (down: ceil(size / scale), rounded up to the chroma grid; up: size * scale
 * rounded). On success *out is the format of the frames that come out; its struct_size stays the
 * caller's. Loads the model and makes the threads. May be
 * called again when the format changes, after draining; frames not yet received are dropped. */
HCD_API hcd_status hcd_configure(hcd_ctx *ctx, const hcd_format *in, hcd_format *out);

/* Change an option that may change while frames flow (steps, steps_hr, steps_lr, budget, proximity,
 * detail, ringing, quality_hint).
 * Applies from the next frame sent. */
HCD_API hcd_status hcd_set(hcd_ctx *ctx, const char *key, const char *value);

/* Hand in a frame, or NULL: no more will come. */
HCD_API hcd_status hcd_send_frame(hcd_ctx *ctx, const hcd_frame *in);

/* What was done to a frame. PSNR in dB, of luma (of all three planes for RGB), of what the client
 * shows (rounded to code values) against the source; before coding. INFINITY where equal; NAN where
 * not measured: hcd_up, and frames that were resized plainly. */
#define HCD_MAX_CLIENTS 8
typedef struct hcd_stats {
    size_t struct_size;     /* sizeof(hcd_stats), set by the caller; no more is written         */
    double psnr_plain;      /* the plain small frame enlarged; several clients: the mean of all */
    double psnr;            /* this frame enlarged                                              */
    int steps;              /* descent steps made, both stages; 0 for the rule exact            */
    double time_ms;         /* wall time of this frame                                          */
    double move_rms;        /* RMS move from the plain frame in 8-bit code values, all planes   */
    int n_clients;
    struct {
        const char *name;   /* lives as long as the context                                     */
        double psnr_plain, psnr;
    } client[HCD_MAX_CLIENTS];
    HCD_SLOT int kept_plain; /* 1: clipping left a descent on the loss mixed no gain, and the plain
                               small frame was sent; else 0                                     */
} hcd_stats;

/* Get the next finished frame into `out`, and what was done to it into `stats` (may be NULL).
 * HCD_AGAIN, HCD_EOF: nothing was written. An error: this frame is lost, the next one can be had.
 * `out` NULL only asks: HCD_OK says that it is time for a frame, which stays. With async_depth=2 it
 * is, on a GPU, when the next one has been sent, too, or the drain; who cannot wait for that gives
 * `out` and gets the frame all the same. */
HCD_API hcd_status hcd_receive_frame(hcd_ctx *ctx, hcd_frame *out, hcd_stats *stats);

/* Forget frames sent and not received, and a drain; keep model and format. */
HCD_API hcd_status hcd_reset(hcd_ctx *ctx);

/* Free everything and set *ctx to NULL. `ctx` may point to NULL. */
HCD_API void hcd_destroy(hcd_ctx **ctx);

/* Text of the last error of this context: what was expected and what was found. "" if there was
 * none. Valid until the next call with this context. `ctx` may be NULL ("out of memory"). */
HCD_API const char *hcd_last_error(const hcd_ctx *ctx);

/* ---- what travels with a stream: docs/signal.md ------------------------------------------------ */

/* How the frames of a stream are to be enlarged, as H.264 and HEVC carry it: a message of the kind
 * "user data unregistered" (SEI), which decoders hand out and encoders write.
 * Thread-safety: plain data. */
#define HCD_SIGNAL_BYTES 60 /* of a message without weights: 16 of UUID, 44 of fields           */
typedef struct hcd_signal {
    size_t struct_size;     /* sizeof(hcd_signal), set by the caller                            */
    char model[32];         /* the client: a name of hcd_models()                               */
    int factor;             /* of a network; 0: a linear client                                 */
    int small_width, small_height; /* of the frames that were made, in luma samples [1, 32768]  */
    int full_width, full_height;   /* of the source                                             */
    hcd_siting siting;      /* of the small frame's chroma                                      */
    char resize[16];        /* the kernel behind a network, where the ratio is not its factor; "" */
    int quality_hint;       /* as the option of that name [0, 63]; HCD_AUTO: not said           */
    HCD_SLOT uint64_t weights_key; /* CRC-32 of the weights' file << 32 | its size in bytes; 0: the
                               weights are in the library                                       */
    HCD_SLOT const uint8_t *weights; /* the file, sent along; NULL: it is not                   */
    size_t weights_size;    /* in bytes, at most 65536                                          */
} hcd_signal;

/* The message of a signal, from its UUID on, into `data` of `size` bytes; *written: its size, also
 * where that is too small (HCD_E_MEMORY). HCD_E_OPTION: what cannot be said. `error` as in
 * hcd_down_params_set(), here and below. */
HCD_API hcd_status hcd_signal_write(const hcd_signal *signal, uint8_t *data, size_t size,
                                    size_t *written, char *error, size_t error_size);

/* Reads a message, which may be anybody's: HCD_AGAIN where it is none of ours, and nothing is
 * written. `signal->weights` points into `data`. HCD_E_FILE: damaged. HCD_E_FORMAT: of a later
 * libhcd; then the sizes are known, and the model is "". No more is allocated or believed than
 * `size` says. */
HCD_API hcd_status hcd_signal_read(const uint8_t *data, size_t size, hcd_signal *signal,
                                   char *error, size_t error_size);

/* What a configured hcd_down context has to say, by its option signal; HCD_AGAIN: nothing (off).
 * `signal->weights` lives as long as the context is not configured again. */
HCD_API hcd_status hcd_get_signal(hcd_ctx *ctx, hcd_signal *signal);

/* hcd_up: from the next hcd_configure() on enlarge as a signal says, where the options say nothing:
 * the model, weights of the same model, the siting of frames that name none. Weights are copied.
 * The size wanted stays hcd_configure()'s. NULL: forget it. */
HCD_API hcd_status hcd_follow_signal(hcd_ctx *ctx, const hcd_signal *signal);

/* ---- a client for players: docs/players.md ------------------------------------------------------ */

/* How a shader's values lie in textures; both show the same. FRAGMENT: every player takes it.
 * COMPUTE: fewer, larger passes, by compute shaders. */
typedef enum hcd_shader_variant {
    HCD_SHADER_FRAGMENT = 0,
    HCD_SHADER_COMPUTE
} hcd_shader_variant;

/* A light network as a user shader of mpv and libplacebo.
 * Thread-safety: plain data. */
typedef struct hcd_shader_params {
    size_t struct_size;     /* sizeof(hcd_shader_params), set by the caller                     */
    HCD_SLOT const char *model;   /* lite, base; NULL: as the weights say, or lite              */
    HCD_SLOT const char *weights; /* their file; NULL: those in the library                     */
    int scale;              /* the network's factor; 0: as the weights say, or 2                */
    hcd_shader_variant variant;
    hcd_range range;        /* of the code values that will be played; unspecified: limited     */
    int chroma;             /* 1: chroma is enlarged by the kernel that hcd_up takes; 0: by the
                               player                                                           */
    HCD_SLOT uint64_t reserved[2]; /* 0                                                         */
} hcd_shader_params;

/* Writes the shader into `text` of `size` bytes, ended by a zero; *length: its bytes without that,
 * also where `size` is too small (HCD_E_MEMORY). The same parameters and weights give the same text,
 * at most some 4 MB. HCD_E_OPTION: a model that is no light network, a scale that it does not have,
 * weights too large for a shader; HCD_E_FILE: weights that cannot be read, or of another model. */
HCD_API hcd_status hcd_shader_write(const hcd_shader_params *params, char *text, size_t size,
                                    size_t *length, char *error, size_t error_size);

/* ---- models -------------------------------------------------------------------------------- */

/* The two structs below never grow, since they come in arrays: new facts take reserved places. */

/* A network at one scale. Figures are those of the published size, or of the built-in weights. */
typedef struct hcd_model_variant {
    int scale;
    int64_t parameters;       /* values of both directions together                             */
    int receptive_field;      /* small pixels on each side that a result depends on             */
    int64_t macs;             /* multiplications of enlarging per small pixel                   */
    int built_in;             /* 1: the library has weights; 0: the option weights must name some */
    int64_t reserved[4];      /* 0                                                              */
} hcd_model_variant;

/* A model that this build knows. */
typedef struct hcd_model_info {
    const char *name;
    const char *description;  /* one line                                                       */
    int linear;               /* 1: a linear client, any ratio; 0: a network                    */
    int needs_weights;        /* 1: the option weights must name a file, at every scale         */
    const char *planes;       /* what it sees: "all" (each plane alone), "luma", "rgb"; NULL:
                                 as the file says (torchscript)                                 */
    const char *paper;        /* authors, title, place; NULL where there is none                */
    const char *licence;      /* of the built-in weights or of the authors' code; NULL: none    */
    int has_downscale;        /* 1: brings its own way down                                     */
    int tiles_exactly;        /* 0: it looks at the whole picture, so tiles change the result   */
    const hcd_model_variant *variants;
    int n_variants;           /* 0 for linear clients and torchscript                           */
    HCD_SLOT void *reserved[8]; /* NULL                                                         */
} hcd_model_info;

/* All models, ended by an entry whose name is NULL. Static. */
HCD_API const hcd_model_info *hcd_models(void);

#ifdef __cplusplus
}
#endif

#endif /* HCD_HCD_H */
