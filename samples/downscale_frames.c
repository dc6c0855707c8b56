/* SPDX-License-Identifier: BSD-2-Clause
 * A caller's own frames: draws a moving pattern, downscales it and prints what was gained.
 *
 *     cc downscale_frames.c $(pkg-config --cflags --libs hcd) -o downscale_frames
 *     ./downscale_frames [FRAMES]
 */
#include <hcd/hcd.h>

#include <stdio.h>
#include <stdlib.h>

enum { kWidth = 320, kHeight = 180 };

/* A 4:4:4 frame of the size `width` x `height` in `data`, which holds its three planes. */
static hcd_frame make_frame(uint8_t *data, int width, int height)
{
    hcd_frame frame = { .struct_size = sizeof(frame) };
    int plane;

    for (plane = 0; plane < 3; plane++) {
        frame.data[plane] = data + (size_t)plane * width * height;
        frame.stride[plane] = width;
    }
    return frame;
}

/* Rings that wander to the right, in limited-range Y'CbCr. */
static void draw(uint8_t *data, int time)
{
    int x, y, plane_size = kWidth * kHeight;

    for (y = 0; y < kHeight; y++) {
        for (x = 0; x < kWidth; x++) {
            int dx = x - kWidth / 3 - 2 * time, dy = y - kHeight / 2;
            int ring = (dx * dx + dy * dy) / 400 % 2;
            uint8_t *sample = data + y * kWidth + x;

            sample[0] = ring ? 200 : 40 + x / 4;
            sample[plane_size] = ring ? 100 : 128;
            sample[2 * plane_size] = 128 + y / 4;
        }
    }
}

static void print_log(void *opaque, hcd_log_level level, const char *message)
{
    (void)opaque;
    if (level <= HCD_LOG_WARNING)
        fprintf(stderr, "libhcd: %s\n", message);
}

/* Receives what is ready. Returns HCD_AGAIN (send another), HCD_EOF (the end) or an error. */
static hcd_status receive_all(hcd_ctx *ctx, hcd_frame *small)
{
    hcd_stats stats = { .struct_size = sizeof(stats) };
    hcd_status status;

    while ((status = hcd_receive_frame(ctx, small, &stats)) == HCD_OK)
        printf("frame %d: %.2f dB plain, %.2f dB with HCD, moved by %.2f, %.1f ms\n",
               *(int *)small->opaque, stats.psnr_plain, stats.psnr, stats.move_rms, stats.time_ms);
    return status;
}

static hcd_status run(hcd_ctx *ctx, int n_frames)
{
    hcd_format big_format = { .struct_size = sizeof(big_format),
                              .width = kWidth,
                              .height = kHeight,
                              .layout = HCD_LAYOUT_YUV444,
                              .depth = 8,
                              .matrix = HCD_MATRIX_BT709 };
    hcd_format small_format = { .struct_size = sizeof(small_format),
                                .width = 214, /* the size wanted; 0: by `scale` */
                                .height = 120 };
    static uint8_t big_data[3 * kWidth * kHeight], small_data[3 * 214 * 120];
    hcd_frame big = make_frame(big_data, kWidth, kHeight), small;
    hcd_status status = hcd_configure(ctx, &big_format, &small_format);
    int time;

    if (status < 0)
        return status;
    small = make_frame(small_data, small_format.width, small_format.height);
    big.opaque = &time; /* travels with the frame */
    for (time = 0; time < n_frames; time++) {
        draw(big_data, time); /* the frame before has come out, so its memory may change */
        if ((status = hcd_send_frame(ctx, &big)) < 0 || (status = receive_all(ctx, &small)) < 0)
            return status;
    }
    hcd_send_frame(ctx, NULL); /* no more will come: hand out what is left */
    return receive_all(ctx, &small);
}

int main(int argc, char **argv)
{
    hcd_down_params params;
    hcd_ctx *ctx = NULL;
    hcd_status status;
    char error[256];

    hcd_down_params_init(&params);
    if (hcd_down_params_set(&params, "model", "bicubic+lanczos", error, sizeof(error)) < 0) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    status = hcd_down_create(&ctx, &params, print_log, NULL);
    if (status == HCD_OK)
        status = run(ctx, argc > 1 ? atoi(argv[1]) : 5);
    if (status < 0)
        fprintf(stderr, "%s: %s\n", hcd_status_name(status), hcd_last_error(ctx));
    hcd_destroy(&ctx);
    return status < 0;
}
