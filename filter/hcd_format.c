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

#include "config.h"

#include "libavutil/avstring.h"
#include "libavutil/eval.h"
#include "libavutil/frame.h"
#include "libavutil/mathematics.h"
#include "libavutil/pixdesc.h"

#include "hcd_filter.h"

/* ---- pixel formats ---- */

#define PLANAR(depth) \
    AV_PIX_FMT_YUV420P ## depth, AV_PIX_FMT_YUV422P ## depth, \
    AV_PIX_FMT_YUV444P ## depth

static const int pix_fmts[] = {
    PLANAR(),   AV_PIX_FMT_GRAY8,  AV_PIX_FMT_NV12,
    PLANAR(9),  AV_PIX_FMT_GRAY9,
    PLANAR(10), AV_PIX_FMT_GRAY10, AV_PIX_FMT_P010,
    PLANAR(12), AV_PIX_FMT_GRAY12,
    PLANAR(14), AV_PIX_FMT_GRAY14,
    PLANAR(16), AV_PIX_FMT_GRAY16, AV_PIX_FMT_P016,
#ifdef AV_PIX_FMT_P012
    AV_PIX_FMT_P012,
#endif
#ifdef AV_PIX_FMT_YUV444P10MSB
    AV_PIX_FMT_YUV444P10MSB, AV_PIX_FMT_YUV444P12MSB,
#endif
    AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P,
#if CONFIG_CUDA
    AV_PIX_FMT_CUDA,
#endif
    AV_PIX_FMT_NONE
};

#if HCD_HAVE_QUERY_FUNC2
int ff_hcd_query_formats(const AVFilterContext *ctx,
                         AVFilterFormatsConfig **cfg_in,
                         AVFilterFormatsConfig **cfg_out)
{
    return ff_set_common_formats2(ctx, cfg_in, cfg_out, ff_make_format_list(pix_fmts));
}
#else
int ff_hcd_query_formats(AVFilterContext *ctx)
{
    return ff_set_common_formats(ctx, ff_make_format_list(pix_fmts));
}
#endif

static int depth_of(const AVPixFmtDescriptor *desc)
{
    int depth = 0;

    for (int i = 0; i < desc->nb_components; i++)
        depth = FFMAX(depth, desc->comp[i].depth);
    return depth;
}

static int has_alpha(enum AVPixelFormat format)
{
    return !!(av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_ALPHA);
}

/* Whether the chain of first inputs that ends in `link` starts with alpha. If it
 * does not, alpha was put there by a filter, like the opaque one of overlay. */
static int source_has_alpha(const AVFilterLink *link)
{
    while (link->src->nb_inputs)
        link = link->src->inputs[0];
    return has_alpha(link->format);
}

/* What a filter scale right in front of this one makes of its frames is what
 * negotiation asked of it. */
int ff_hcd_check_conversion(AVFilterContext *ctx)
{
    const AVFilterLink *link = ctx->inputs[0], *from;
    const AVPixFmtDescriptor *desc;
    const char *name;
    int depth, inserted;

    if (strcmp(link->src->filter->name, "scale"))
        return 0;
    from     = link->src->inputs[0];
    desc     = av_pix_fmt_desc_get(from->format);
    name     = av_get_pix_fmt_name(link->format);
    depth    = depth_of(av_pix_fmt_desc_get(link->format));
    inserted = link->src->name && av_strstart(link->src->name, "auto_", NULL);

    if (inserted && desc->flags & AV_PIX_FMT_FLAG_BAYER) {
        av_log(ctx, AV_LOG_ERROR, "pixel format %s is a Bayer mosaic: "
               "put format=%s in front\n", desc->name, name);
        return AVERROR(EINVAL);
    }
    if (inserted && desc->flags & AV_PIX_FMT_FLAG_PAL) {
        av_log(ctx, AV_LOG_ERROR, "pixel format %s is paletted: "
               "put format=%s in front\n", desc->name, name);
        return AVERROR(EINVAL);
    }
    if (inserted && has_alpha(from->format) && source_has_alpha(from)) {
        av_log(ctx, AV_LOG_ERROR, "pixel format %s has an alpha plane, which "
               "would be lost: put format=%s in front, or alphaextract to "
               "process alpha apart\n", desc->name, name);
        return AVERROR(EINVAL);
    }
    if (has_alpha(from->format))
        av_log(ctx, AV_LOG_WARNING, "the alpha plane of pixel format %s is lost; "
               "format=%s in front says that this is meant\n", desc->name, name);
    if (desc->flags & AV_PIX_FMT_FLAG_FLOAT || depth_of(desc) > depth)
        av_log(ctx, AV_LOG_WARNING, "pixel format %s has %d bits%s, of which %s "
               "keeps %d\n", desc->name, depth_of(desc),
               desc->flags & AV_PIX_FMT_FLAG_FLOAT ? " in floating point" : "",
               name, depth);
    return 0;
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

/* Where nothing is said, what libhcd reads it as: tags that say the same make no
 * other format. Gray is full range in FFmpeg. */
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
    return av_pix_fmt_desc_get(format)->nb_components == 1 ?
           HCD_RANGE_FULL : HCD_RANGE_LIMITED;
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
    default:                      return HCD_SITING_LEFT;
    }
}

static hcd_format make_format(enum AVPixelFormat format, const AVBufferRef *hw_frames,
                              int width, int height,
                              enum AVColorRange color_range,
                              enum AVColorSpace colorspace,
                              enum AVChromaLocation location)
{
    const enum AVPixelFormat sw_format = ff_hcd_sw_format(format, hw_frames);
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(sw_format);
    hcd_format result = {
        .struct_size = sizeof(hcd_format),
        .width  = width,
        .height = height,
        .layout = layout(desc),
        .depth  = desc->comp[0].depth,
        .shift  = desc->comp[0].shift,
        .range  = range(sw_format, color_range),
        .matrix = matrix(colorspace),
        .siting = siting(desc->log2_chroma_w ? location : AVCHROMA_LOC_UNSPECIFIED),
    };

    if (format == AV_PIX_FMT_CUDA)
        ff_hcd_set_device(&result, hw_frames);
    return result;
}

hcd_format ff_hcd_format_of_link(AVFilterLink *link)
{
#if HCD_HAVE_LINK_COLOR
    return make_format(link->format, HCD_HW_FRAMES(link), link->w, link->h,
                       link->color_range, link->colorspace,
                       AVCHROMA_LOC_UNSPECIFIED);
#else
    return make_format(link->format, HCD_HW_FRAMES(link), link->w, link->h,
                       AVCOL_RANGE_UNSPECIFIED, AVCOL_SPC_UNSPECIFIED,
                       AVCHROMA_LOC_UNSPECIFIED);
#endif
}

hcd_format ff_hcd_format_of_frame(const AVFrame *frame)
{
    return make_format(frame->format, frame->hw_frames_ctx, frame->width,
                       frame->height, frame->color_range, frame->colorspace,
                       frame->chroma_location);
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
int ff_hcd_eval_size(AVFilterContext *ctx, AVFilterLink *inlink,
                     int *width, int *height)
{
    const HCDFilter *s = ctx->priv;
    const AVPixFmtDescriptor *desc =
        av_pix_fmt_desc_get(ff_hcd_sw_format(inlink->format, HCD_HW_FRAMES(inlink)));
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
