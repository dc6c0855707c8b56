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
 * What frames say of how they are to be enlarged: hcd_down attaches it as user
 * data that encoders of H.264 and HEVC write, hcd_up follows what decoders hand
 * out. The message is libhcd's.
 */

#include <stdio.h>
#include <string.h>

#include "libavutil/buffer.h"
#include "libavutil/dict.h"
#include "libavutil/frame.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"

#include "hcd_filter.h"

static int is_signal(const AVFrameSideData *sd)
{
    hcd_signal signal = { .struct_size = sizeof(signal) };

    return sd->type == AV_FRAME_DATA_SEI_UNREGISTERED &&
           hcd_signal_read(sd->data, sd->size, &signal, NULL, 0) != HCD_AGAIN;
}

/* Others' user data stays, which av_frame_remove_side_data() would take, too. */
static void strip(AVFrame *frame)
{
    for (int i = 0; i < frame->nb_side_data;) {
        AVFrameSideData *sd = frame->side_data[i];

        if (!is_signal(sd)) {
            i++;
            continue;
        }
        av_buffer_unref(&sd->buf);
        av_dict_free(&sd->metadata);
        av_free(sd);
        frame->nb_side_data--;
        memmove(&frame->side_data[i], &frame->side_data[i + 1],
                (frame->nb_side_data - i) * sizeof(*frame->side_data));
    }
}

/* ---- hcd_down ---- */

/* The first frame of each interval, those that begin a group of pictures for
 * whoever says so, and the first one after a change. */
static int is_due(HCDFilter *s, const AVFrame *in, AVRational time_base)
{
    const int is_key = in->pict_type == AV_PICTURE_TYPE_I;
    const int begins = is_key && !s->signal.was_key; /* intra-only sources are all key */
    const int64_t second = in->pts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE :
        av_rescale_q_rnd(in->pts, time_base, (AVRational){ FFMAX(s->signal_interval, 1), 1 },
                         AV_ROUND_DOWN);
    const int passed = s->signal_interval && second != s->signal.second;

    s->signal.was_key = is_key;
    if (!begins && !passed && !s->signal.changed)
        return 0;
    s->signal.second  = second;
    s->signal.changed = 0;
    return 1;
}

int ff_hcd_write_signal(AVFilterContext *ctx, AVFrame *out, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    hcd_signal signal = { .struct_size = sizeof(signal) };
    hcd_status status;
    AVFrameSideData *sd;
    char error[256] = "";
    size_t size;

    strip(out);
    if (!s->kind->is_down || !is_due(s, in, ctx->inputs[0]->time_base))
        return 0;
    status = hcd_get_signal(s->lib, &signal);
    if (status < 0)
        return ff_hcd_error(ctx, status, hcd_last_error(s->lib));
    if (status == HCD_AGAIN) /* off */
        return 0;
    size = HCD_SIGNAL_BYTES + signal.weights_size;
    sd = av_frame_new_side_data(out, AV_FRAME_DATA_SEI_UNREGISTERED, size);
    if (!sd)
        return AVERROR(ENOMEM);
    status = hcd_signal_write(&signal, sd->data, size, &size, error, sizeof(error));
    return status < 0 ? ff_hcd_error(ctx, status, error) : 0;
}

/* ---- hcd_up ---- */

int ff_hcd_model_given(const HCDFilter *s)
{
    return strcmp(s->model, "auto") != 0;
}

void ff_hcd_tell_signal(AVFilterContext *ctx, const hcd_signal *signal, const char *why_not)
{
    const HCDFilter *s = ctx->priv;
    char weights[64] = "", quality[32] = "";

    if (why_not) {
        av_log(ctx, AV_LOG_WARNING, "%s: enlarged by %s\n", why_not,
               ff_hcd_model_given(s) ? s->model : "bicubic");
        return;
    }
    if (!ff_hcd_model_given(s) && *s->weights && !signal->factor) {
        av_log(ctx, AV_LOG_INFO, "the stream was made for %s; lite enlarges it, since an "
               "option names weights\n", signal->model);
        return;
    }
    if (ff_hcd_model_given(s) && strcmp(s->model, signal->model)) {
        av_log(ctx, AV_LOG_INFO, "the stream was made for %s; %s enlarges it, as the "
               "option says\n", signal->model, s->model);
        return;
    }
    if (signal->weights)
        snprintf(weights, sizeof(weights), " with %zu bytes of weights", signal->weights_size);
    if (signal->quality_hint != HCD_AUTO)
        snprintf(quality, sizeof(quality), ", quality %d", signal->quality_hint);
    av_log(ctx, AV_LOG_INFO, "the stream says: %s%s, %dx%d to %dx%d%s\n", signal->model,
           weights, signal->small_width, signal->small_height, signal->full_width,
           signal->full_height, quality);
}

/* Keeps a message to compare the next ones with. Returns whether it is a new one. */
static int keep(HCDFilter *s, const AVFrameSideData *sd)
{
    if (s->signal.message && s->signal.message_size == sd->size &&
        !memcmp(s->signal.message, sd->data, sd->size))
        return 0;
    av_freep(&s->signal.message);
    s->signal.message = av_memdup(sd->data, sd->size);
    if (!s->signal.message)
        return AVERROR(ENOMEM);
    s->signal.message_size = sd->size;
    return 1;
}

/* The size of a link is settled before its first frame: too late for this. */
static int check_size(AVFilterContext *ctx, const hcd_signal *signal)
{
    const HCDFilter *s = ctx->priv;
    const AVFilterLink *outlink = ctx->outputs[0];

    if (s->size_given ||
        (signal->full_width == outlink->w && signal->full_height == outlink->h))
        return 0;
    if (s->totals.nb_frames || ff_hcd_model_given(s)) {
        av_log(ctx, AV_LOG_WARNING, "the stream says that its frames are to be enlarged to "
               "%dx%d: enlarged to %dx%d all the same (%s)\n", signal->full_width,
               signal->full_height, outlink->w, outlink->h,
               s->totals.nb_frames ? "the frames before were" : "options w and h change it");
        return 0;
    }
    av_log(ctx, AV_LOG_ERROR, "the stream says that its frames are to be enlarged "
           "to %dx%d: expected hcd_up=w=%d:h=%d, found no option of the size, which "
           "gives %dx%d (an option w, h or scale keeps any)\n",
           signal->full_width, signal->full_height, signal->full_width,
           signal->full_height, outlink->w, outlink->h);
    return AVERROR(EINVAL);
}

int ff_hcd_read_signal(AVFilterContext *ctx, const AVFrame *in, hcd_signal *signal)
{
    HCDFilter *s = ctx->priv;
    const AVFrameSideData *sd = NULL;
    hcd_status status;
    char error[256] = "";
    int ret;

    for (int i = 0; i < in->nb_side_data && !sd; i++)
        if (is_signal(in->side_data[i]))
            sd = in->side_data[i];
    if (!sd)
        return 0;
    ret = keep(s, sd);
    if (ret <= 0)
        return ret;
    signal->struct_size = sizeof(*signal);
    /* Its weights lie in what is kept. */
    status = hcd_signal_read(s->signal.message, s->signal.message_size, signal,
                             error, sizeof(error));
    if (signal->small_width &&
        (signal->small_width != in->width || signal->small_height != in->height)) {
        av_log(ctx, AV_LOG_WARNING, "the stream says that its frames are %dx%d, and "
               "they are %dx%d: what it says is of another stream, and left alone\n",
               signal->small_width, signal->small_height, in->width, in->height);
        return 0;
    }
    if (signal->full_width && (ret = check_size(ctx, signal)) < 0)
        return ret;
    if (status < 0) {
        signal->model[0] = 0;
        ff_hcd_tell_signal(ctx, signal, error);
    }
    return 1;
}
