/* SPDX-License-Identifier: BSD-2-Clause
 * A program of some version of the header: everything that it does with the library, in text.
 * test_abi.py compiles it with older and newer headers, and compares. */
#include <hcd/hcd.h>

#include <stdio.h>
#include <string.h>

static int damaged(const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < n; i++)
        if (byte[i] != 0xee)
            return printf("memory behind a struct was written\n");
    return 0;
}

/* Structs with memory behind them that is not the library's. */
static struct {
    hcd_down_params value;
    char beyond[128];
} down;
static struct {
    hcd_up_params value;
    char beyond[128];
} up;
static struct {
    hcd_format value;
    char beyond[128];
} in, out;
static struct {
    hcd_stats value;
    char beyond[128];
} stats;

static uint8_t large[3][64 * 48], small[3][64 * 48];

static hcd_frame frame_of(uint8_t planes[3][64 * 48], int width)
{
    hcd_frame frame = { .struct_size = sizeof(frame) };

    for (int p = 0; p < 3; p++) {
        frame.data[p] = planes[p];
        frame.stride[p] = width;
    }
    return frame;
}

static int fail(const char *what, const hcd_ctx *ctx)
{
    printf("%s: %s\n", what, hcd_last_error(ctx));
    return 1;
}

static int run(hcd_ctx *ctx, uint8_t from[3][64 * 48], uint8_t to[3][64 * 48], int w, int h)
{
    unsigned sum = 0;
    hcd_frame sent, received;

    memset(&in, 0xee, sizeof(in));
    memset(&out, 0xee, sizeof(out));
    memset(&stats, 0xee, sizeof(stats));
    in.value = (hcd_format){ .struct_size = sizeof(hcd_format),
                             .width = w,
                             .height = h,
                             .layout = HCD_LAYOUT_YUV444,
                             .depth = 8 };
    out.value = (hcd_format){ .struct_size = sizeof(hcd_format) };
    if (hcd_configure(ctx, &in.value, &out.value) != HCD_OK)
        return fail("configure", ctx);
    sent = frame_of(from, w);
    received = frame_of(to, out.value.width);
    sent.opaque = to;
    stats.value.struct_size = sizeof(stats.value);
    if (hcd_send_frame(ctx, &sent) != HCD_OK ||
        hcd_receive_frame(ctx, &received, &stats.value) != HCD_OK)
        return fail("frame", ctx);
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < out.value.width * out.value.height; i++)
            sum = sum * 31 + to[p][i];
    printf("%dx%d sum %08x psnr %.3f clients %d opaque %d\n", out.value.width, out.value.height,
           sum, stats.value.psnr, stats.value.n_clients, received.opaque == to);
    return damaged(in.beyond, sizeof(in.beyond)) || damaged(out.beyond, sizeof(out.beyond)) ||
           damaged(stats.beyond, sizeof(stats.beyond));
}

int main(void)
{
    hcd_ctx *ctx = NULL;
    char error[300] = "";
    int n = 0;

    for (int p = 0; p < 3; p++)
        for (int i = 0; i < 64 * 48; i++)
            large[p][i] = 60 + (i * i / 7 + i / 64 * 5 + p) % 120;
    memset(&down, 0xee, sizeof(down));
    memset(&up, 0xee, sizeof(up));
    hcd_down_params_init(&down.value);
    hcd_up_params_init(&up.value);
    if (hcd_down_params_set(&down.value, "model", "bicubic", error, sizeof(error)) != HCD_OK ||
        hcd_down_params_set(&down.value, "proximity", "0.25", error, sizeof(error)) != HCD_OK)
        return printf("%s\n", error);
    up.value.model = "bicubic";
    if (hcd_down_create(&ctx, &down.value, NULL, NULL) != HCD_OK)
        return fail("create", ctx);
    if (run(ctx, large, small, 64, 48))
        return 1;
    hcd_destroy(&ctx);
    if (hcd_up_create(&ctx, &up.value, NULL, NULL) != HCD_OK)
        return fail("create", ctx);
    if (run(ctx, small, large, 32, 24))
        return 1;
    hcd_destroy(&ctx);
    for (const hcd_model_info *model = hcd_models(); model->name; model++)
        n += model->n_variants ? model->variants[model->n_variants - 1].scale : 1;
    printf("models %d\n", n);
    return damaged(down.beyond, sizeof(down.beyond)) || damaged(up.beyond, sizeof(up.beyond));
}
