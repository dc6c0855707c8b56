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
 * What vf_hcd_down and vf_hcd_up share: the way of the frames through libhcd,
 * which hands out one frame for each one it is given, in order. Formats and
 * sizes are in hcd_format.c, frames in the memory of a GPU in hcd_cuda.c, what
 * frames carry besides pixels in hcd_props.c and hcd_signal.c.
 */

#include <math.h>
#include <string.h>

#include "libavutil/bprint.h"
#include "libavutil/cpu.h"
#include "libavutil/dict.h"
#include "libavutil/frame.h"
#include "libavutil/mem.h"
#include "libavutil/pixdesc.h"
#include "libavutil/time.h"

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

/* ---- set-up ---- */

/* Threads if the option threads is 0: as many as the graph has, but what FFmpeg
 * chooses by itself, one more than there are CPUs, is one per CPU. An option
 * threads of FFmpeg's own goes before ours in some versions. */
static int default_threads(AVFilterContext *ctx)
{
    const int of_graph = ff_filter_get_nb_threads(ctx);

    if (ctx->nb_threads > 0)
        return ctx->nb_threads;
    return of_graph == av_cpu_count() + 1 ? of_graph - 1 : of_graph;
}

av_cold int ff_hcd_init(AVFilterContext *ctx, const HCDKind *kind)
{
    HCDFilter *s = ctx->priv;
    hcd_ctx *lib = NULL;
    int ret;

    s->kind    = kind;
    s->pending = av_fifo_alloc2(4, sizeof(AVFrame *), 0);
    if (!s->pending)
        return AVERROR(ENOMEM);

    /* Only to check the options: filters of graphs that never run are
     * initialised, too. */
    ret = kind->create(ctx, &lib, default_threads(ctx));
    hcd_destroy(&lib);
    return ret;
}

/* The library goes first: it may be at work on the frames, and on the device. */
static void close_lib(HCDFilter *s)
{
    AVFrame *frame;

    hcd_destroy(&s->lib);
    while (s->pending && av_fifo_read(s->pending, &frame, 1) >= 0)
        av_frame_free(&frame);
    av_buffer_unref(&s->hw_device);
}

/* What hcd_up does with a signal that it cannot follow: the plain resize. */
static hcd_status follow_plain(HCDFilter *s, const hcd_format *in, const hcd_format *out)
{
    const hcd_signal plain = { .struct_size  = sizeof(plain),
                               .model        = "bicubic",
                               .small_width  = in->width,
                               .small_height = in->height,
                               .full_width   = out->width,
                               .full_height  = out->height,
                               .quality_hint = HCD_AUTO };

    return hcd_follow_signal(s->lib, ff_hcd_model_given(s) ? NULL : &plain);
}

/* Configures for frames of the format `in`. `out`: the size wanted, or 0.
 * `signal`: what the frames say from here on, or NULL for no change. */
static int configure(AVFilterContext *ctx, const hcd_format *in, hcd_format *out,
                     const hcd_signal *signal)
{
    HCDFilter *s = ctx->priv;
    hcd_status status = HCD_OK;

    if (signal && *signal->model)
        status = hcd_follow_signal(s->lib, signal);
    else if (signal)
        status = follow_plain(s, in, out);
    if (status >= 0)
        status = hcd_configure(s->lib, in, out);
    if (signal && *signal->model)
        ff_hcd_tell_signal(ctx, signal, status < 0 ? hcd_last_error(s->lib) : NULL);
    if (status < 0 && signal && *signal->model) {
        status = follow_plain(s, in, out);
        if (status >= 0)
            status = hcd_configure(s->lib, in, out);
    }
    if (status < 0)
        return lib_error(ctx, status);
    s->in_format = *in;
    s->signal.changed = 1;
    return 0;
}

int ff_hcd_config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    AVFilterLink *inlink = ctx->inputs[0];
    HCDFilter *s = ctx->priv;
    hcd_format in, out;
    int ret = ff_hcd_check_conversion(ctx);

    if (ret < 0)
        return ret;
    close_lib(s);
    ret = ff_hcd_config_cuda_input(inlink);
    if (ret < 0)
        return ret;
    memset(&s->totals, 0, sizeof(s->totals));
    ret = s->kind->create(ctx, &s->lib, default_threads(ctx));
    if (ret < 0)
        return ret;
    in = out = ff_hcd_format_of_link(inlink);
    ret = ff_hcd_eval_size(ctx, inlink, &out.width, &out.height);
    if (ret < 0)
        return ret;
    ret = configure(ctx, &in, &out, NULL);
    if (ret < 0)
        return ret;

    outlink->w = out.width;
    outlink->h = out.height;
    outlink->sample_aspect_ratio =
        ff_hcd_scaled_sar(inlink->sample_aspect_ratio, inlink->w, inlink->h,
                   outlink->w, outlink->h);
    ff_hcd_filter_link_side_data(outlink, inlink);
    ret = ff_hcd_config_cuda_output(outlink);
    if (ret < 0)
        return ret;

    av_log(ctx, AV_LOG_VERBOSE, "w:%d h:%d fmt:%s sar:%d/%d -> "
           "w:%d h:%d fmt:%s sar:%d/%d threads:%d\n",
           inlink->w, inlink->h, av_get_pix_fmt_name(inlink->format),
           inlink->sample_aspect_ratio.num, inlink->sample_aspect_ratio.den,
           outlink->w, outlink->h, av_get_pix_fmt_name(outlink->format),
           outlink->sample_aspect_ratio.num, outlink->sample_aspect_ratio.den,
           s->nb_threads);
    return 0;
}

/* Decimal commas are those of the process's locale. */
static void use_point(char *number)
{
    char *comma = strchr(number, ',');

    if (comma)
        *comma = '.';
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
    use_point(text);
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

static void add_measured(HCDTotals *t, const hcd_stats *stats)
{
    t->nb_asked++;
    t->nb_kept_plain += stats->kept_plain;
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
    if (t->nb_kept_plain)
        av_bprintf(&line, ", %"PRId64" sent plain, since clipping left no gain",
                   t->nb_kept_plain);
    if (t->nb_asked && t->nb_asked < t->nb_frames)
        av_bprintf(&line, " (of %"PRId64" that were measured)", t->nb_asked);
    if (!s->hw_device) /* else it is the time of ordering the work */
        av_bprintf(&line, ", %.2f ms per frame", t->time_ms / t->nb_frames);
    av_log(ctx, s->kind->is_down ? AV_LOG_INFO : AV_LOG_VERBOSE, "%s\n", line.str);
    av_bprint_finalize(&line, NULL);
}

/* ---- frames ---- */

static hcd_frame lib_frame(const HCDFilter *s, const AVFrame *frame)
{
    hcd_frame result = { .struct_size = sizeof(result) };

    for (int i = 0; i < 4; i++) {
        result.data[i]   = frame->data[i];
        result.stride[i] = frame->linesize[i];
    }
    if (s->hw_device)
        ff_hcd_set_stream(&result, s->hw_device);
    return result;
}

static void warn_of_frame(AVFilterContext *ctx, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    const AVFilterLink *outlink = ctx->outputs[0];

    if (ff_hcd_is_interlaced(in) && in->height != outlink->h &&
        !s->warned_interlaced) {
        av_log(ctx, AV_LOG_WARNING, "interlaced frames are processed as "
               "progressive; put bwdif or yadif in front\n");
        s->warned_interlaced = 1;
    }
    if ((in->width != outlink->w || in->height != outlink->h) &&
        (av_frame_get_side_data(in, AV_FRAME_DATA_DOVI_RPU_BUFFER) ||
         av_frame_get_side_data(in, AV_FRAME_DATA_DOVI_METADATA)) &&
        !s->warned_dovi) {
        av_log(ctx, AV_LOG_WARNING, "Dolby Vision metadata does not fit frames "
               "of another size and is dropped\n");
        s->warned_dovi = 1;
    }
}

/* Receives one frame and hands it on. Returns 1 if none was ready. */
static int receive_frame(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    const int measured = s->kind->is_down && s->measure &&
                         s->totals.nb_frames % s->measure == 0;
    const int64_t start = av_gettime_relative();
    AVFrame *in = NULL, *out;
    hcd_frame frame;
    /* Without a place for it the frame stays: this only asks. */
    hcd_status status = hcd_receive_frame(s->lib, NULL, NULL);
    int ret;

    if (status < 0)
        return lib_error(ctx, status);
    if (status > 0)
        return 1;
    out = ff_get_video_buffer(outlink, outlink->w, outlink->h);
    if (!out)
        return AVERROR(ENOMEM);
    out->width  = outlink->w; /* a pool's frames may be larger */
    out->height = outlink->h;
    frame = lib_frame(s, out);
    s->stats.struct_size = sizeof(s->stats);
    /* Who takes no statistics does not pay for them. */
    status = hcd_receive_frame(s->lib, &frame, measured ? &s->stats : NULL);
    /* A frame that fails is lost, so this is the one in either case. */
    av_fifo_read(s->pending, &in, 1);
    ret = status < 0 ? lib_error(ctx, status) : ff_hcd_copy_props(out, in);
    if (ret >= 0)
        ret = ff_hcd_write_signal(ctx, out, in);
    av_frame_free(&in);
    if (ret >= 0 && measured)
        ret = set_metadata(out, &s->stats);
    if (ret < 0) {
        av_frame_free(&out);
        return ret;
    }
    if (measured)
        add_measured(&s->totals, &s->stats);
    s->totals.nb_frames++;
    s->totals.time_ms += (av_gettime_relative() - start) / 1000.0;
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

static int same_format(const hcd_format *a, const hcd_format *b)
{
    return a->width  == b->width  && a->height == b->height &&
           a->layout == b->layout && a->depth  == b->depth  &&
           a->shift  == b->shift  && a->range  == b->range  &&
           a->matrix == b->matrix && a->siting == b->siting;
}

/* Makes the library expect frames like `in`, and do with them what they say;
 * those that leave keep their size. */
static int follow_frame(AVFilterContext *ctx, const AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    const AVFilterLink *outlink = ctx->outputs[0];
    hcd_format format, out;
    hcd_signal signal;
    int ret, told;

    if (in->format != outlink->format) {
        av_log(ctx, AV_LOG_ERROR, "pixel format: expected %s, as before in this "
               "stream, found %s: put scale in front\n",
               av_get_pix_fmt_name(outlink->format),
               av_get_pix_fmt_name(in->format));
        return AVERROR(EINVAL);
    }
    ret = ff_hcd_check_cuda_frame(ctx, in);
    if (ret < 0)
        return ret;
    told = s->kind->is_down ? 0 : ff_hcd_read_signal(ctx, in, &signal);
    if (told < 0)
        return told;
    format = out = ff_hcd_format_of_frame(in);
    if (!told && same_format(&format, &s->in_format))
        return 0;

    ret = drain(ctx);
    if (ret < 0)
        return ret;
    av_log(ctx, AV_LOG_VERBOSE, "w:%d h:%d or other tags from here on\n",
           in->width, in->height);
    out.width  = outlink->w;
    out.height = outlink->h;
    return configure(ctx, &format, &out, told ? &signal : NULL);
}

/* Owns `in`. */
static int send_frame(AVFilterContext *ctx, AVFrame *in)
{
    HCDFilter *s = ctx->priv;
    hcd_frame frame = lib_frame(s, in);
    hcd_status status;
    int ret = follow_frame(ctx, in);

    if (ret < 0)
        goto fail;
    warn_of_frame(ctx, in);
    if (!av_fifo_can_write(s->pending) &&
        (ret = av_fifo_grow2(s->pending, av_fifo_can_read(s->pending))) < 0)
        goto fail;
    frame.flags = ctx->is_disabled ? HCD_FRAME_PLAIN : 0;
    status = hcd_send_frame(s->lib, &frame);
    if (status < 0) {
        ret = lib_error(ctx, status);
        goto fail;
    }
    av_fifo_write(s->pending, &in, 1);
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
    double before = 0, value = 0;
    char text[64] = "auto";
    hcd_status status;
    int ret;

    /* The options that may change are numbers, all of them. */
    av_opt_get_double(s, cmd, 0, &before);
    ret = ff_filter_process_command(ctx, cmd, arg, res, res_len, flags);
    if (ret < 0 || !s->lib)
        return ret;
    av_opt_get_double(s, cmd, 0, &value);
    if (value != HCD_AUTO)
        snprintf(text, sizeof(text), "%.17g", value);
    use_point(text);
    status = hcd_set(s->lib, cmd, text);
    if (status < 0) {
        av_opt_set_double(s, cmd, before, 0);
        return lib_error(ctx, status);
    }
    s->signal.changed = 1;
    return 0;
}

av_cold void ff_hcd_uninit(AVFilterContext *ctx)
{
    HCDFilter *s = ctx->priv;

    if (s->kind)
        log_totals(ctx);
    close_lib(s);
    av_fifo_freep2(&s->pending);
    av_freep(&s->signal.message);
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
