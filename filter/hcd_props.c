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
 * What vf_hcd_down and vf_hcd_up hand on with the pixels: all that still holds
 * for frames of another size.
 */

#include "libavutil/frame.h"
#include "libavutil/hdr_dynamic_metadata.h"
#include "libavutil/internal.h"
#include "libavutil/mathematics.h"
#include "libavutil/spherical.h"

#include "hcd_filter.h"

AVRational ff_hcd_scaled_sar(AVRational sar, int in_w, int in_h,
                             int out_w, int out_h)
{
    AVRational result = { 0, 1 };

    if (sar.num)
        av_reduce(&result.num, &result.den, (int64_t)in_w * out_h,
                  (int64_t)in_h * out_w, INT_MAX);
    return sar.num ? av_mul_q(sar, result) : sar;
}

int ff_hcd_is_interlaced(const AVFrame *frame)
{
#if HCD_HAVE_FRAME_FLAGS
    return !!(frame->flags & AV_FRAME_FLAG_INTERLACED);
#else
    return frame->interlaced_frame;
#endif
}

/* The lines of both fields went into each of another number of lines. */
static void clear_interlaced(AVFrame *frame)
{
#if HCD_HAVE_FRAME_FLAGS
    frame->flags &= ~(AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST);
#endif
#if !HCD_HAVE_FRAME_FLAGS || \
    defined(FF_API_INTERLACED_FRAME) && FF_API_INTERLACED_FRAME
FF_DISABLE_DEPRECATION_WARNINGS
    frame->interlaced_frame = 0;
    frame->top_field_first  = 0;
FF_ENABLE_DEPRECATION_WARNINGS
#endif
}

/* Whether side data holds for frames of another size, too. What is measured in
 * pixels does not. */
static int holds(const AVFrameSideData *sd)
{
    switch (sd->type) {
    case AV_FRAME_DATA_PANSCAN:
    case AV_FRAME_DATA_MOTION_VECTORS:
    case AV_FRAME_DATA_REGIONS_OF_INTEREST:
    case AV_FRAME_DATA_VIDEO_ENC_PARAMS:
    case AV_FRAME_DATA_DETECTION_BBOXES:
    case AV_FRAME_DATA_DOVI_RPU_BUFFER: /* active area */
    case AV_FRAME_DATA_DOVI_METADATA:
#if HCD_HAVE_VIDEO_HINT
    case AV_FRAME_DATA_VIDEO_HINT:
#endif
#if HCD_HAVE_LCEVC
    case AV_FRAME_DATA_LCEVC:
#endif
        return 0;
    case AV_FRAME_DATA_DYNAMIC_HDR_PLUS: /* the whole picture is window 0 */
        return ((const AVDynamicHDRPlus *)sd->data)->num_windows <= 1;
    case AV_FRAME_DATA_SPHERICAL: /* bounds are fractions, padding is in pixels */
        return ((const AVSphericalMapping *)sd->data)->projection != AV_SPHERICAL_CUBEMAP ||
               !((const AVSphericalMapping *)sd->data)->padding;
    default:
#if HCD_HAVE_SIDE_DATA_PROPS
        return !av_frame_side_data_desc(sd->type) ||
               !(av_frame_side_data_desc(sd->type)->props &
                 AV_SIDE_DATA_PROP_SIZE_DEPENDENT);
#else
        return 1;
#endif
    }
}

int ff_hcd_copy_props(AVFrame *out, const AVFrame *in)
{
    int ret = av_frame_copy_props(out, in);

    if (ret < 0)
        return ret;
    if (out->width == in->width && out->height == in->height)
        return 0;

    out->sample_aspect_ratio =
        ff_hcd_scaled_sar(in->sample_aspect_ratio, in->width, in->height,
                          out->width, out->height);
    out->crop_left   = av_rescale(in->crop_left,   out->width,  in->width);
    out->crop_right  = av_rescale(in->crop_right,  out->width,  in->width);
    out->crop_top    = av_rescale(in->crop_top,    out->height, in->height);
    out->crop_bottom = av_rescale(in->crop_bottom, out->height, in->height);
    if (out->height != in->height)
        clear_interlaced(out);
    for (int i = 0; i < out->nb_side_data;) {
        if (holds(out->side_data[i]))
            i++;
        else /* puts another one here */
            av_frame_remove_side_data(out, out->side_data[i]->type);
    }
    return 0;
}

void ff_hcd_filter_link_side_data(AVFilterLink *outlink, const AVFilterLink *inlink)
{
#if HCD_HAVE_LINK_SIDE_DATA
    if (outlink->w == inlink->w && outlink->h == inlink->h)
        return;
    for (int i = 0; i < outlink->nb_side_data;) {
        if (holds(outlink->side_data[i]))
            i++;
        else
            av_frame_side_data_remove(&outlink->side_data, &outlink->nb_side_data,
                                      outlink->side_data[i]->type);
    }
#endif
}
