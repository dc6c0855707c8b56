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
 * CUDA frames of vf_hcd_down and vf_hcd_up. They stay on their device: libhcd is
 * told its context and stream, enters and leaves the context by itself, and
 * orders its work on the stream, so nothing here waits or calls the driver.
 */

#include "config.h"

#if CONFIG_CUDA
#include <ffnvcodec/dynlink_cuda.h>
#include "libavutil/hwcontext_cuda.h"
#endif

#include "libavutil/common.h"
#include "libavutil/frame.h"
#include "libavutil/hwcontext.h"
#include "libavutil/pixdesc.h"

#include "hcd_filter.h"

static const AVHWFramesContext *pool(const AVBufferRef *hw_frames)
{
    return (const AVHWFramesContext *)hw_frames->data;
}

enum AVPixelFormat ff_hcd_sw_format(enum AVPixelFormat format,
                                    const AVBufferRef *hw_frames)
{
    return format == AV_PIX_FMT_CUDA ? pool(hw_frames)->sw_format : format;
}

static int check_pool(AVFilterContext *ctx, const AVBufferRef *hw_frames)
{
    if (!hw_frames || pool(hw_frames)->format != AV_PIX_FMT_CUDA) {
        av_log(ctx, AV_LOG_ERROR, "CUDA frames: expected hw_frames_ctx with the "
               "pool that they are of, found %s\n",
               hw_frames ? av_get_pix_fmt_name(pool(hw_frames)->format) : "none");
        return AVERROR(EINVAL);
    }
    switch (pool(hw_frames)->sw_format) {
    case AV_PIX_FMT_NV12:
    case AV_PIX_FMT_P010:
    case AV_PIX_FMT_P016:
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUV444P:
        return 0;
    }
    av_log(ctx, AV_LOG_ERROR, "pixel format of CUDA frames: expected nv12, p010, "
           "p016, yuv420p or yuv444p, found %s: put scale_cuda=format=nv12 in "
           "front, or convert before the upload\n",
           av_get_pix_fmt_name(pool(hw_frames)->sw_format));
    return AVERROR(EINVAL);
}

int ff_hcd_config_cuda_input(AVFilterLink *inlink)
{
    AVFilterContext *ctx = inlink->dst;
    HCDFilter *s = ctx->priv;
    int ret;

    if (inlink->format != AV_PIX_FMT_CUDA)
        return 0;
    ret = check_pool(ctx, HCD_HW_FRAMES(inlink));
    if (ret < 0)
        return ret;
    s->hw_device = av_buffer_ref(pool(HCD_HW_FRAMES(inlink))->device_ref);
    return s->hw_device ? 0 : AVERROR(ENOMEM);
}

int ff_hcd_config_cuda_output(AVFilterLink *outlink)
{
    const HCDFilter *s = outlink->src->priv;
    AVHWFramesContext *frames;
    AVBufferRef *ref;
    int ret;

    av_buffer_unref(&HCD_HW_FRAMES(outlink));
    if (outlink->format != AV_PIX_FMT_CUDA)
        return 0;
    ref = av_hwframe_ctx_alloc(s->hw_device);
    if (!ref)
        return AVERROR(ENOMEM);
    frames = (AVHWFramesContext *)ref->data;
    frames->format    = AV_PIX_FMT_CUDA;
    frames->sw_format = pool(HCD_HW_FRAMES(outlink->src->inputs[0]))->sw_format;
    frames->width     = FFALIGN(outlink->w, 32); /* as scale_cuda does */
    frames->height    = FFALIGN(outlink->h, 32);
    ret = av_hwframe_ctx_init(ref);
    if (ret < 0) {
        av_buffer_unref(&ref);
        return ret;
    }
    HCD_HW_FRAMES(outlink) = ref;
    return 0;
}

int ff_hcd_check_cuda_frame(AVFilterContext *ctx, const AVFrame *in)
{
    const HCDFilter *s = ctx->priv;
    const AVBufferRef *expected = HCD_HW_FRAMES(ctx->inputs[0]);
    int ret;

    if (in->format != AV_PIX_FMT_CUDA)
        return 0;
    ret = check_pool(ctx, in->hw_frames_ctx);
    if (ret < 0)
        return ret;
    if (pool(in->hw_frames_ctx)->sw_format != pool(expected)->sw_format) {
        av_log(ctx, AV_LOG_ERROR, "pixel format of CUDA frames: expected %s, as "
               "before in this stream, found %s: put scale_cuda in front\n",
               av_get_pix_fmt_name(pool(expected)->sw_format),
               av_get_pix_fmt_name(pool(in->hw_frames_ctx)->sw_format));
        return AVERROR(EINVAL);
    }
    if (pool(in->hw_frames_ctx)->device_ref->data != s->hw_device->data) {
        av_log(ctx, AV_LOG_ERROR, "device of CUDA frames: expected the one of the "
               "frames before in this stream, found another: put "
               "hwdownload,hwupload in front\n");
        return AVERROR(EINVAL);
    }
    return 0;
}

#if CONFIG_CUDA
static const AVCUDADeviceContext *cuda(const AVBufferRef *hw_device)
{
    return ((const AVHWDeviceContext *)hw_device->data)->hwctx;
}
#endif

void ff_hcd_set_device(hcd_format *format, const AVBufferRef *hw_frames)
{
#if CONFIG_CUDA
    format->device         = HCD_DEVICE_CUDA;
    format->device_context = cuda(pool(hw_frames)->device_ref)->cuda_ctx;
#endif
}

void ff_hcd_set_stream(hcd_frame *frame, const AVBufferRef *hw_device)
{
#if CONFIG_CUDA
    frame->device        = HCD_DEVICE_CUDA;
    frame->device_stream = cuda(hw_device)->stream;
#endif
}
