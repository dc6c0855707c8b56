/*
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

/**
 * @file
 * What vf_hcd_down and vf_hcd_up share: formats, sizes, and the way of the
 * frames through libhcd, which hands out one frame for each one it is given,
 * in order.
 */

#include <math.h>
#include <string.h>

#include "libavutil/bprint.h"
#include "libavutil/cpu.h"
#include "libavutil/dict.h"
#include "libavutil/eval.h"
#include "libavutil/frame.h"
#include "libavutil/mathematics.h"
#include "libavutil/pixdesc.h"

#include "hcd_filter.h"
#include "video.h"

/* ---- log and errors ---- */

int ff_hcd_error(AVFilterContext *ctx, hcd_status status, const char *text)
{
    av_log(ctx, AV_LOG_ERROR, "%s\n", text);

    switch (status) {
    case HCD_E_OPTION:   return AVERROR(EINVAL);
    case HCD_E_FORMAT:   return AVERROR(EINVAL);
    case HCD_E_FILE:     return AVERROR_INVALIDDATA;
    case HCD_E_DEVICE:   return AVERROR_EXTERNAL;
    case HCD_E_MEMORY:   return AVERROR(ENOMEM);
    case HCD_E_STATE:    return AVERROR_BUG;
    case HCD_E_INTERNAL: return AVERROR_BUG;
    default:             return AVERROR_UNKNOWN;
    }
}

static int lib_error(AVFilterContext *ctx, hcd_status status)
{
    const HCDFilter *s = ctx->priv;

    return ff_hcd_error(ctx, status, hcd_last_error(s->lib));
}

void ff_hcd_log(void *opaque, hcd_log_level level, const char *message)
{
    static const int levels[] = {
        [HCD_LOG_ERROR]   = AV_LOG_ERROR,
        [HCD_LOG_WARNING] = AV_LOG_WARNING,
        [HCD_LOG_INFO]    = AV_LOG_INFO,
        [HCD_LOG_VERBOSE] = AV_LOG_VERBOSE,
    };

    av_log(opaque, levels[level], "%s\n", message);
}

/* ---- pixel formats ---- */

static const int pix_fmts[] = {
    AV_PIX_FMT_YUV420P,   AV_PIX_FMT_YUV422P,   AV_PIX_FMT_YUV444P,
    AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P10,
    AV_PIX_FMT_YUV420P12, AV_PIX_FMT_YUV422P12, AV_PIX_FMT_YUV444P12,
    AV_PIX_FMT_GRAY8,     AV_PIX_FMT_GRAY10,    AV_PIX_FMT_GRAY12,
    AV_PIX_FMT_NV12,      AV_PIX_FMT_P010,
#ifdef AV_PIX_FMT_P012
    AV_PIX_FMT_P012,
#endif
    AV_PIX_FMT_YUVJ420P,  AV_PIX_FMT_YUVJ422P,  AV_PIX_FMT_YUVJ444P,
    AV_PIX_FMT_NONE
};

/* The formats that automatic conversion would bring here at the price of
 * something the user should know of. */
#define REFUSED_FLAGS (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_PAL | \
                       AV_PIX_FMT_FLAG_ALPHA   | AV_PIX_FMT_FLAG_BAYER)

static int is_refused(enum AVPixelFormat format)
{
    return !!(av_pix_fmt_desc_get(format)->flags & REFUSED_FLAGS);
}

/* The supported format that loses least of `format` but for its alpha. */
static enum AVPixelFormat opaque_format(enum AVPixelFormat format)
{
    enum AVPixelFormat best = pix_fmts[0];

    for (int i = 1; pix_fmts[i] != AV_PIX_FMT_NONE; i++)
        best = av_find_best_pix_fmt_of_2(best, pix_fmts[i], format, 0, NULL);
    return best;
}

static int refuse_format(AVFilterContext *ctx, enum AVPixelFormat format)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);

    if (desc->flags & AV_PIX_FMT_FLAG_HWACCEL)
        av_log(ctx, AV_LOG_ERROR, "pixel format %s lies in the memory of a "
               "device: put hwdownload,format=nv12 in front\n", desc->name);
    else if (desc->flags & AV_PIX_FMT_FLAG_BAYER)
        av_log(ctx, AV_LOG_ERROR, "pixel format %s is a Bayer mosaic: "
               "put format=yuv444p in front\n", desc->name);
    else if (desc->flags & AV_PIX_FMT_FLAG_PAL)
        av_log(ctx, AV_LOG_ERROR, "pixel format %s is paletted: "
               "put format=yuv444p in front\n", desc->name);
    else
        av_log(ctx, AV_LOG_ERROR, "pixel format %s has an alpha plane, which "
               "would be lost: put format=%s in front, or alphaextract to "
               "process alpha apart\n", desc->name,
               av_get_pix_fmt_name(opaque_format(format)));
    return AVERROR(EINVAL);
}

static int contains(const AVFilterFormats *formats, int format)
{
    for (unsigned i = 0; i < formats->nb_formats; i++)
        if (formats->formats[i] == format)
            return 1;
    return 0;
}

/* A format offered on `link` that will get through, if all of those offered are
 * refused, else AV_PIX_FMT_NONE. */
static enum AVPixelFormat refused_offer(const AVFilterLink *link)
{
    const AVFilterFormats *offered  = link->incfg.formats;
    const AVFilterFormats *accepted = link->outcfg.formats; /* NULL: not known */
    enum AVPixelFormat result = AV_PIX_FMT_NONE;

    for (unsigned i = 0; i < offered->nb_formats; i++) {
        if (!is_refused(offered->formats[i]))
            return AV_PIX_FMT_NONE;
        if (result == AV_PIX_FMT_NONE &&
            (!accepted || contains(accepted, offered->formats[i])))
            result = offered->formats[i];
    }
    return result;
}

/* The input of the filter in front of `link` whose formats are those that it
 * offers there: it does not convert. NULL if there is none. */
static const AVFilterLink *passed_from(const AVFilterLink *link)
{
    const AVFilterContext *filter = link->src;

    for (unsigned i = 0; i < filter->nb_inputs; i++)
        if (filter->inputs[i]->outcfg.formats == link->incfg.formats)
            return filter->inputs[i];
    return NULL;
}

/* Refuses what comes if all of it is refused. EAGAIN: not yet known. */
static int check_source_formats(AVFilterContext *ctx)
{
    for (const AVFilterLink *link = ctx->inputs[0]; link; link = passed_from(link)) {
        enum AVPixelFormat format;

        if (!link->incfg.formats)
            return AVERROR(EAGAIN);
        format = refused_offer(link);
        if (format != AV_PIX_FMT_NONE)
            return refuse_format(ctx, format);
    }
    return 0;
}

int ff_hcd_query_formats(AVFilterContext *ctx)
{
    int ret = check_source_formats(ctx);

    if (ret < 0)
        return ret;
    return ff_set_common_formats(ctx, ff_make_format_list(pix_fmts));
}

/* ---- formats of the library ---- */

static hcd_layout layout(const AVPixFmtDescriptor *desc)
{
    if (desc->nb_components == 1)
        return HCD_LAYOUT_GRAY;
    if (desc->comp[1].plane == desc->comp[2].plane)
        return HCD_LAYOUT_NV12;
    if (desc->log2_chroma_h)
        return HCD_LAYOUT_YUV420;
    return desc->log2_chroma_w ? HCD_LAYOUT_YUV422 : HCD_LAYOUT_YUV444;
}

static hcd_range range(enum AVPixelFormat format, enum AVColorRange tag)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
        return HCD_RANGE_FULL;
    }
    switch (tag) {
    case AVCOL_RANGE_JPEG: return HCD_RANGE_FULL;
    case AVCOL_RANGE_MPEG: return HCD_RANGE_LIMITED;
    }
    /* Gray is full range in FFmpeg where nothing else is said. */
    return av_pix_fmt_desc_get(format)->nb_components == 1 ?
           HCD_RANGE_FULL : HCD_RANGE_UNSPECIFIED;
}

static hcd_matrix matrix(enum AVColorSpace tag)
{
    switch (tag) {
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:  return HCD_MATRIX_BT601;
    case AVCOL_SPC_BT709:      return HCD_MATRIX_BT709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:  return HCD_MATRIX_BT2020;
    default:                   return HCD_MATRIX_UNSPECIFIED;
    }
}

static hcd_siting siting(enum AVChromaLocation tag)
{
    switch (tag) {
    case AVCHROMA_LOC_LEFT:       return HCD_SITING_LEFT;
    case AVCHROMA_LOC_CENTER:     return HCD_SITING_CENTER;
    case AVCHROMA_LOC_TOPLEFT:    return HCD_SITING_TOPLEFT;
    case AVCHROMA_LOC_TOP:        return HCD_SITING_TOP;
    case AVCHROMA_LOC_BOTTOMLEFT: return HCD_SITING_BOTTOMLEFT;
    case AVCHROMA_LOC_BOTTOM:     return HCD_SITING_BOTTOM;
    default:                      return HCD_SITING_UNSPECIFIED;
    }
}

static hcd_format lib_format(enum AVPixelFormat format, int width, int height)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);

    return (hcd_format) {
        .width  = width,
        .height = height,
        .layout = layout(desc),
        .depth  = desc->comp[0].depth,
        .shift  = desc->comp[0].shift,
        .range  = range(format, AVCOL_RANGE_UNSPECIFIED),
    };
}

static hcd_format format_of_frame(const AVFrame *frame)
{
    hcd_format format = lib_format(frame->format, frame->width, frame->height);

    format.range  = range(frame->format, frame->color_range);
    format.matrix = matrix(frame->colorspace);
    format.siting = siting(frame->chroma_location);
    return format;
}

static int same_format(const hcd_format *a, const hcd_format *b)
{
    return a->width  == b->width  && a->height == b->height &&
           a->layout == b->layout && a->depth  == b->depth  &&
           a->shift  == b->shift  && a->range  == b->range  &&
           a->matrix == b->matrix && a->siting == b->siting;
}

/* ---- sizes ---- */

static const char *const var_names[] = {
    "in_w",  "iw",
    "in_h",  "ih",
    "out_w", "ow",
    "out_h", "oh",
    "a",     "sar",  "dar",
    "hsub",  "vsub",
    "ohsub", "ovsub",
    NULL
};

enum {
    VAR_IN_W,  VAR_IW,
    VAR_IN_H,  VAR_IH,
    VAR_OUT_W, VAR_OW,
    VAR_OUT_H, VAR_OH,
    VAR_A,     VAR_SAR,  VAR_DAR,
    VAR_HSUB,  VAR_VSUB,
    VAR_OHSUB, VAR_OVSUB,
    VARS_NB
};

static int is_given(const char *expr)
{
    return expr && *expr;
}

/* The value of the option `name`; 0 stands for the size of the input. */
static int eval_option(AVFilterContext *ctx, const char *name, const char *expr,
                       int in_size, const double *vars, int64_t *size)
{
    double value;
    int ret = av_expr_parse_and_eval(&value, expr, var_names, vars,
                                     NULL, NULL, NULL, NULL, NULL, 0, ctx);

    if (ret < 0 || !(value > INT_MIN && value <= INT_MAX)) {
        av_log(ctx, AV_LOG_ERROR, "option %s: expected an expression that "
               "gives a size in pixels (or -n: keep the aspect, in multiples "
               "of n), found '%s'\n", name, expr);
        return ret < 0 ? ret : AVERROR(EINVAL);
    }
    *size = (int)value ? (int)value : in_size;
    return 0;
}

/* Other size that keeps the aspect, the multiple of n that is nearest. */
static int64_t keep_aspect(int64_t size, int in_size, int in_other, int64_t n)
{
    return FFMAX(av_rescale(size, in_other, in_size * n), 1) * n;
}

/* The size that the options w and h ask for; 0x0: neither was given. */
static int eval_size(AVFilterContext *ctx, const AVFilterLink *inlink,
                     int *width, int *height)
{
    const HCDFilter *s = ctx->priv;
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(inlink->format);
    const AVRational sar = inlink->sample_aspect_ratio;
    /* What is not given keeps the aspect, on the chroma grid. */
    int64_t w = -(1 << desc->log2_chroma_w), h = -(1 << desc->log2_chroma_h);
    double vars[VARS_NB];
    int ret;

    *width = *height = 0;
    if (!is_given(s->w) && !is_given(s->h))
        return 0;

    vars[VAR_IN_W]  = vars[VAR_IW] = inlink->w;
    vars[VAR_IN_H]  = vars[VAR_IH] = inlink->h;
    vars[VAR_OUT_W] = vars[VAR_OW] = NAN;
    vars[VAR_OUT_H] = vars[VAR_OH] = NAN;
    vars[VAR_A]     = (double)inlink->w / inlink->h;
    vars[VAR_SAR]   = sar.num ? av_q2d(sar) : 1;
    vars[VAR_DAR]   = vars[VAR_A] * vars[VAR_SAR];
    vars[VAR_HSUB]  = vars[VAR_OHSUB] = 1 << desc->log2_chroma_w;
    vars[VAR_VSUB]  = vars[VAR_OVSUB] = 1 << desc->log2_chroma_h;

    if (is_given(s->w)) {
        /* It may depend on the height: then this gives NAN, and the second
         * evaluation the value or the error. */
        double value = NAN;

        av_expr_parse_and_eval(&value, s->w, var_names, vars, NULL, NULL, NULL,
                               NULL, NULL, AV_LOG_TRACE, ctx);
        vars[VAR_OUT_W] = vars[VAR_OW] = value ? trunc(value) : inlink->w;
    }
    if (is_given(s->h)) {
        ret = eval_option(ctx, "h", s->h, inlink->h, vars, &h);
        if (ret < 0)
            return ret;
        vars[VAR_OUT_H] = vars[VAR_OH] = h;
    }
    if (is_given(s->w)) {
        ret = eval_option(ctx, "w", s->w, inlink->w, vars, &w);
        if (ret < 0)
            return ret;
    }

    if (w < 0 && h < 0) {
        w = inlink->w;
        h = inlink->h;
    } else if (w < 0) {
        w = keep_aspect(h, inlink->h, inlink->w, -w);
    } else if (h < 0) {
        h = keep_aspect(w, inlink->w, inlink->h, -h);
    }
    /* A source may be smaller than a step of the chroma grid. */
    if (s->kind->is_down && !is_given(s->w))
        w = FFMIN(w, inlink->w);
    if (s->kind->is_down && !is_given(s->h))
        h = FFMIN(h, inlink->h);
    if (w > INT_MAX || h > INT_MAX) {
        av_log(ctx, AV_LOG_ERROR, "options w and h: expected a size below "
               "2^31, found %"PRId64"x%"PRId64"\n", w, h);
        return AVERROR(EINVAL);
    }
    *width  = w;
    *height = h;
    return 0;
}

/* The aspect of a sample that keeps that of the display; 0/1 stays unknown. */
static AVRational scaled_sar(AVRational sar, int in_w, int in_h,
                             int out_w, int out_h)
{
    AVRational result = { 0, 1 };

    if (sar.num)
        av_reduce(&result.num, &result.den, (int64_t)in_w * out_h,
                  (int64_t)in_h * out_w, INT_MAX);
    return sar.num ? av_mul_q(sar, result) : sar;
}

/* ---- set-up ---- */

/* Threads that FFmpeg was told to use here, 0 if it was not. */
static int thread_hint(AVFilterContext *ctx)
{
    const int of_graph = ff_filter_get_nb_threads(ctx);

    /* FFmpeg has an option threads of its own, which goes before ours in some
     * versions. */
    if (ctx->nb_threads > 0)
        return ctx->nb_threads;
    /* What it chooses by itself is one more than there are CPUs, 16 at most. */
    return of_graph < FFMIN(av_cpu_count(), 16) ? of_graph : 0;
}

av_cold int ff_hcd_init(AVFilterContext *ctx, const HCDKind *kind)
{
    HCDFilter *s = ctx->priv;
    hcd_ctx *lib = NULL;
    int ret;

    s->kind    = kind;
    s->pending = av_fifo_alloc2(4, sizeof(AVFrame *), AV_FIFO_FLAG_AUTO_GROW);
    if (!s->pending)
        return AVERROR(ENOMEM);

    /* Only to check the options: filters of graphs that never run are
     * initialised, too. */
    ret = kind->create(ctx, &lib, thread_hint(ctx));
    hcd_destroy(&lib);
    return ret;
}

/* Configures for frames of the format `in`. `out`: the size wanted, or 0. */
static int configure(AVFilterContext *ctx, const hcd_format *in, hcd_format *out)
{
    HCDFilter *s = ctx->priv;
    hcd_status status = hcd_configure(s->lib, in, out);

    if (status < 0)
        return lib_error(ctx, status);
    s->in_format = *in;
    return 0;
}

int ff_hcd_config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    AVFilterLink *inlink = ctx->inputs[0];
    HCDFilter *s = ctx->priv;
    /* Range, matrix and siting are those of the first frame. */
    const hcd_format in = lib_format(inlink->format, inlink->w, inlink->h);
    hcd_format out = in;
    int ret;

    hcd_destroy(&s->lib);
    memset(&s->totals, 0, sizeof(s->totals));
    ret = s->kind->create(ctx, &s->lib, thread_hint(ctx));
    if (ret < 0)
        return ret;
    ret = eval_size(ctx, inlink, &out.width, &out.height);
    if (ret < 0)
        return ret;
    ret = configure(ctx, &in, &out);
    if (ret < 0)
        return ret;

    outlink->w = out.width;
    outlink->h = out.height;
    outlink->sample_aspect_ratio =
        scaled_sar(inlink->sample_aspect_ratio, inlink->w, inlink->h,
                   outlink->w, outlink->h);
#if HCD_HAVE_SIDE_DATA_PROPS
    av_frame_side_data_remove_by_props(&outlink->side_data,
                                       &outlink->nb_side_data,
                                       AV_SIDE_DATA_PROP_SIZE_DEPENDENT);
#endif

    av_log(ctx, AV_LOG_VERBOSE, "w:%d h:%d fmt:%s sar:%d/%d -> "
           "w:%d h:%d fmt:%s sar:%d/%d\n",
           inlink->w, inlink->h, av_get_pix_fmt_name(inlink->format),
           inlink->sample_aspect_ratio.num, inlink->sample_aspect_ratio.den,
           outlink->w, outlink->h, av_get_pix_fmt_name(outlink->format),
           outlink->sample_aspect_ratio.num, outlink->sample_aspect_ratio.den);
    return 0;
}

/* ---- statistics ---- */

static int set_number(AVFrame *frame, const char *client, const char *key,
                      double value)
{
    char name[128], text[64];

    if (isnan(value))
        return 0;
    snprintf(name, sizeof(name), "lavfi.hcd_down.%s%s%s",
             client, *client ? "." : "", key);
    snprintf(text, sizeof(text), "%f", value);
    return av_dict_set(&frame->metadata, name, text, 0);
}

static int set_metadata(AVFrame *frame, const hcd_stats *stats)
{
    int ret;

    if ((ret = set_number(frame, "", "psnr0",   stats->psnr_plain)) < 0 ||
        (ret = set_number(frame, "", "psnr",    stats->psnr))       < 0 ||
        (ret = set_number(frame, "", "time_ms", stats->time_ms))    < 0 ||
        (ret = av_dict_set_int(&frame->metadata, "lavfi.hcd_down.steps",
                               stats->steps, 0)) < 0)
        return ret;

    for (int i = 0; stats->n_clients > 1 && i < stats->n_clients; i++) {
        const char *name = stats->client[i].name;

        if ((ret = set_number(frame, name, "psnr0", stats->client[i].psnr_plain)) < 0 ||
            (ret = set_number(frame, name, "psnr",  stats->client[i].psnr))       < 0)
            return ret;
    }
    return 0;
}

static void add_to_totals(HCDTotals *t, const hcd_stats *stats)
{
    t->nb_frames++;
    t->time_ms += stats->time_ms;
    if (!isfinite(stats->psnr_plain) || !isfinite(stats->psnr))
        return;
    t->nb_measured++;
    t->psnr_plain += stats->psnr_plain;
    t->psnr       += stats->psnr;
    t->nb_clients  = stats->n_clients;
    for (int i = 0; i < stats->n_clients; i++) {
        t->client[i].psnr_plain += stats->client[i].psnr_plain;
        t->client[i].psnr       += stats->client[i].psnr;
    }
}

static void print_gain(AVBPrint *line, const char *what,
                       double psnr_plain, double psnr)
{
    av_bprintf(line, "%s %.2f -> %.2f dB (gain %.2f dB)",
               what, psnr_plain, psnr, psnr - psnr_plain);
}

static void log_totals(AVFilterContext *ctx)
{
    const HCDFilter *s = ctx->priv;
    const HCDTotals *t = &s->totals;
    AVBPrint line;

    if (!t->nb_frames)
        return;
    av_bprint_init(&line, 0, AV_BPRINT_SIZE_AUTOMATIC);
    av_bprintf(&line, "%"PRId64" frames", t->nb_frames);
    if (t->nb_measured)
        print_gain(&line, ", predicted PSNR", t->psnr_plain / t->nb_measured,
                   t->psnr / t->nb_measured);
    for (int i = 0; t->nb_clients > 1 && i < t->nb_clients; i++) {
        av_bprintf(&line, ", %s", s->stats.client[i].name);
        print_gain(&line, "", t->client[i].psnr_plain / t->nb_measured,
                   t->client[i].psnr / t->nb_measured);
    }
    av_bprintf(&line, ", %.2f ms per frame", t->time_ms / t->nb_frames);
    av_log(ctx, s->kind->is_down ? AV_LOG_INFO : AV_LOG_VERBOSE, "%s\n", line.str);
    av_bprint_finalize(&line, NULL);
}

/* ---- frames ---- */

static hcd_frame lib_frame(const AVFrame *frame)
{
    hcd_frame result = { .opaque = NULL };

    for (int i = 0; i < 4; i++) {
        result.data[i]   = frame->data[i];
        result.stride[i] = frame->linesize[i];
    }
    return result;
}

static int is_interlaced(const AVFrame *frame)
{
#if HCD_HAVE_FRAME_FLAGS
    return !!(frame->flags & AV_FRAME_FLAG_INTERLACED);
#else
    return frame->interlaced_frame;
#endif
}

static void warn_of_frame(AVFilterContext *ctx, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;

    if (is_interlaced(in) && !s->warned_interlaced) {
        av_log(ctx, AV_LOG_WARNING, "interlaced frames are processed as "
               "progressive; put bwdif or yadif in front\n");
        s->warned_interlaced = 1;
    }
    if ((av_frame_get_side_data(in, AV_FRAME_DATA_DOVI_RPU_BUFFER) ||
         av_frame_get_side_data(in, AV_FRAME_DATA_DOVI_METADATA)) &&
        !s->warned_dovi) {
        av_log(ctx, AV_LOG_WARNING, "Dolby Vision metadata does not fit frames "
               "of another size and is dropped\n");
        s->warned_dovi = 1;
    }
}

/* All of a frame but its pixels. */
static int set_props(AVFilterContext *ctx, AVFrame *out, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    int ret = av_frame_copy_props(out, in);

    if (ret < 0)
        return ret;
    out->sample_aspect_ratio =
        scaled_sar(in->sample_aspect_ratio, in->width, in->height,
                   out->width, out->height);
    av_frame_remove_side_data(out, AV_FRAME_DATA_DOVI_RPU_BUFFER);
    av_frame_remove_side_data(out, AV_FRAME_DATA_DOVI_METADATA);
#if HCD_HAVE_SIDE_DATA_PROPS
    if (out->width != in->width || out->height != in->height)
        av_frame_side_data_remove_by_props(&out->side_data, &out->nb_side_data,
                                           AV_SIDE_DATA_PROP_SIZE_DEPENDENT);
#endif
    return s->kind->is_down ? set_metadata(out, &s->stats) : 0;
}

/* Receives one frame and hands it on. Returns 1 if none was ready. */
static int receive_frame(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    AVFrame *in = NULL, *out = ff_get_video_buffer(outlink, outlink->w, outlink->h);
    hcd_frame frame;
    hcd_status status;
    int ret;

    if (!out)
        return AVERROR(ENOMEM);
    frame = lib_frame(out);
    s->stats.struct_size = sizeof(s->stats);
    status = hcd_receive_frame(s->lib, &frame, &s->stats);
    if (status > 0) {
        av_frame_free(&out);
        return 1;
    }
    /* A frame that fails is lost, so this is the one in either case. */
    av_fifo_read(s->pending, &in, 1);
    ret = status < 0 ? lib_error(ctx, status) : set_props(ctx, out, in);
    av_frame_free(&in);
    if (ret < 0) {
        av_frame_free(&out);
        return ret;
    }
    add_to_totals(&s->totals, &s->stats);
    return ff_filter_frame(outlink, out);
}

static int receive_frames(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;

    while (av_fifo_can_read(s->pending)) {
        int ret = receive_frame(ctx);

        if (ret)
            return FFMIN(ret, 0);
    }
    return 0;
}

/* Hands on what the library still has. */
static int drain(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;
    hcd_status status;

    if (!av_fifo_can_read(s->pending))
        return 0;
    status = hcd_send_frame(s->lib, NULL);
    return status < 0 ? lib_error(ctx, status) : receive_frames(ctx);
}

/* Makes the library expect frames like `in`; those that leave keep their size. */
static int follow_format(AVFilterContext *ctx, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    const AVFilterLink *outlink = ctx->outputs[0];
    const hcd_format format = format_of_frame(in);
    hcd_format out = format;
    int ret;

    if (in->format != outlink->format) {
        av_log(ctx, AV_LOG_ERROR, "pixel format: expected %s, as before in this "
               "stream, found %s: put scale in front\n",
               av_get_pix_fmt_name(outlink->format),
               av_get_pix_fmt_name(in->format));
        return AVERROR(EINVAL);
    }
    if (same_format(&format, &s->in_format))
        return 0;

    ret = drain(ctx);
    if (ret < 0)
        return ret;
    out.width  = outlink->w;
    out.height = outlink->h;
    return configure(ctx, &format, &out);
}

/* Owns `in`. */
static int send_frame(AVFilterContext *ctx, AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    hcd_frame frame = lib_frame(in);
    hcd_status status;
    int ret = follow_format(ctx, in);

    if (ret < 0)
        goto fail;
    warn_of_frame(ctx, in);
    frame.flags = ctx->is_disabled ? HCD_FRAME_PLAIN : 0;
    status = hcd_send_frame(s->lib, &frame);
    if (status < 0) {
        ret = lib_error(ctx, status);
        goto fail;
    }
    ret = av_fifo_write(s->pending, &in, 1);
    if (ret < 0) {
        hcd_reset(s->lib);
        goto fail;
    }
    return 0;

fail:
    av_frame_free(&in);
    return ret;
}

int ff_hcd_activate(AVFilterContext *ctx)
{
    AVFilterLink *inlink = ctx->inputs[0], *outlink = ctx->outputs[0];
    AVFrame *in = NULL;
    int64_t pts;
    int ret, status;

    FF_FILTER_FORWARD_STATUS_BACK(outlink, inlink);

    ret = ff_inlink_consume_frame(inlink, &in);
    if (ret < 0)
        return ret;
    if (ret > 0) {
        if ((ret = send_frame(ctx, in)) < 0 || (ret = receive_frames(ctx)) < 0)
            return ret;
        ff_filter_set_ready(ctx, 100); /* there may be more */
        return 0;
    }

    if (ff_inlink_acknowledge_status(inlink, &status, &pts)) {
        ret = drain(ctx);
        if (ret < 0)
            return ret;
        ff_outlink_set_status(outlink, status, pts);
        return 0;
    }

    FF_FILTER_FORWARD_WANTED(outlink, inlink);

    return FFERROR_NOT_READY;
}

int ff_hcd_process_command(AVFilterContext *ctx, const char *cmd, const char *arg,
                           char *res, int res_len, int flags)
{
    HCDFilter *s = ctx->priv;
    hcd_status status;

    if (!av_opt_find(s, cmd, NULL, AV_OPT_FLAG_RUNTIME_PARAM, 0))
        return AVERROR(ENOSYS);
    /* The library first: a value that it refuses leaves the old one. */
    if (s->lib && (status = hcd_set(s->lib, cmd, arg)) < 0)
        return lib_error(ctx, status);
    return ff_filter_process_command(ctx, cmd, arg, res, res_len, flags);
}

av_cold void ff_hcd_uninit(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;
    AVFrame *frame;

    if (s->kind)
        log_totals(ctx);
    hcd_destroy(&s->lib);
    while (s->pending && av_fifo_read(s->pending, &frame, 1) >= 0)
        av_frame_free(&frame);
    av_fifo_freep2(&s->pending);
}

const AVFilterPad ff_hcd_inputs[1] = {
    {
        .name = "default",
        .type = AVMEDIA_TYPE_VIDEO,
    },
};

const AVFilterPad ff_hcd_outputs[1] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = ff_hcd_config_output,
    },
};
