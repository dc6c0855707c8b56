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
 * Enlarge frames like a known client does, with libhcd.
 */

#include "hcd_filter.h"

#define HCD_WORD(option, word) UP_ ## option ## _ ## word

enum {
#define HCD_OPTIONS_UP
#define HCD_OPTIONS_WORDS
#include "hcd_options_template.c"
};

typedef struct HCDUpContext {
    HCDFilter hcd; /* first */
#define HCD_OPTIONS_UP
#define HCD_OPTIONS_FIELDS
#include "hcd_options_template.c"
} HCDUpContext;

static const AVOption hcd_up_options[] = {
#define HCD_OPTIONS_UP
#define HCD_OPTIONS_TABLE
#define HCD_CONTEXT HCDUpContext
#include "hcd_options_template.c"
    { NULL }
};

AVFILTER_DEFINE_CLASS(hcd_up);

static int create(AVFilterContext *ctx, hcd_ctx **lib, int threads)
{
    HCDUpContext *s = ctx->priv;
    hcd_up_params params;
    hcd_status status;

    hcd_up_params_init(&params);
#define HCD_OPTIONS_UP
#define HCD_OPTIONS_PARAMS
#include "hcd_options_template.c"
    if (!params.threads)
        params.threads = threads;
    s->hcd.nb_threads = params.threads;
    s->hcd.size_given = s->hcd.w || s->hcd.h || s->scale != HCD_AUTO;
    s->hcd.model   = s->model;
    s->hcd.weights = s->weights;

    status = hcd_up_create(lib, &params, ff_hcd_log, ctx);
    return status < 0 ? ff_hcd_error(ctx, status, hcd_last_error(*lib)) : 0;
}

static av_cold int init(AVFilterContext *ctx)
{
    static const HCDKind kind = { .create = create, .is_down = 0 };

    return ff_hcd_init(ctx, &kind);
}

const HCDFilterDef ff_vf_hcd_up = {
    HCD_PUBLIC(name)        = "hcd_up",
    HCD_PUBLIC(description) = NULL_IF_CONFIG_SMALL("Enlarge frames as a client of hcd_down does."),
    HCD_PUBLIC(priv_class)  = &hcd_up_class,
    HCD_PUBLIC(flags)       = AVFILTER_FLAG_SUPPORT_TIMELINE_INTERNAL,
    .priv_size              = sizeof(HCDUpContext),
    .init                   = init,
    .uninit                 = ff_hcd_uninit,
    .activate               = ff_hcd_activate,
    .process_command        = ff_hcd_process_command,
    .flags_internal         = FF_FILTER_FLAG_HWFRAME_AWARE,
    FILTER_INPUTS(ff_hcd_inputs),
    FILTER_OUTPUTS(ff_hcd_outputs),
    HCD_QUERY_FUNC,
};
