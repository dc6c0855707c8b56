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
 * Formats and sizes of vf_hcd_down and vf_hcd_up: which pixel formats they take,
 * what libhcd is told of them, and what the options w and h come to.
 */

#include <math.h>

#include "libavutil/eval.h"
#include "libavutil/frame.h"
#include "libavutil/mathematics.h"
#include "libavutil/pixdesc.h"

#include "hcd_filter.h"

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

hcd_format ff_hcd_format(enum AVPixelFormat format, int width, int height)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);

    return (hcd_format) {
        .struct_size = sizeof(hcd_format),
        .width  = width,
        .height = height,
        .layout = layout(desc),
        .depth  = desc->comp[0].depth,
        .shift  = desc->comp[0].shift,
        .range  = range(format, AVCOL_RANGE_UNSPECIFIED),
    };
}

hcd_format ff_hcd_format_of_frame(const AVFrame *frame)
{
    hcd_format format = ff_hcd_format(frame->format, frame->width, frame->height);

    format.range  = range(frame->format, frame->color_range);
    format.matrix = matrix(frame->colorspace);
    format.siting = siting(frame->chroma_location);
    return format;
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
int ff_hcd_eval_size(AVFilterContext *ctx, const AVFilterLink *inlink,
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
AVRational ff_hcd_scaled_sar(AVRational sar, int in_w, int in_h,
                             int out_w, int out_h)
{
    AVRational result = { 0, 1 };

    if (sar.num)
        av_reduce(&result.num, &result.den, (int64_t)in_w * out_h,
                  (int64_t)in_h * out_w, INT_MAX);
    return sar.num ? av_mul_q(sar, result) : sar;
}
