/* SPDX-License-Identifier: BSD-2-Clause
 * Frames that stay on the GPU: uploads a moving pattern, downscales it there, and compares with the
 * same frames made from host memory on the CPU. Needs a CUDA driver and nothing else of CUDA.
 *
 *     cc cuda_frames.c $(pkg-config --cflags --libs hcd) -ldl -o cuda_frames
 *     ./cuda_frames [FRAMES [MODEL]]
 *
 * Exits with 3 where there is no driver or no GPU.
 */
#include <hcd/hcd.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kWidth = 320, kHeight = 180, kSamples = kWidth * kHeight * 3 / 2, kNoGpu = 3 };

/* What we call of the driver: name here, in the library, parameters. */
typedef unsigned long long DevicePointer;
#define DRIVER(X)                                                                                  \
    X(init, "cuInit", (unsigned flags))                                                            \
    X(device_get, "cuDeviceGet", (int *device, int number))                                        \
    X(retain, "cuDevicePrimaryCtxRetain", (void **context, int device))                            \
    X(release, "cuDevicePrimaryCtxRelease_v2", (int device))                                       \
    X(push, "cuCtxPushCurrent_v2", (void *context))                                                \
    X(pop, "cuCtxPopCurrent_v2", (void **context))                                                 \
    X(stream_create, "cuStreamCreate", (void **stream, unsigned flags))                            \
    X(stream_wait, "cuStreamSynchronize", (void *stream))                                          \
    X(stream_destroy, "cuStreamDestroy_v2", (void *stream))                                        \
    X(allocate, "cuMemAlloc_v2", (DevicePointer * pointer, size_t bytes))                          \
    X(release_memory, "cuMemFree_v2", (DevicePointer pointer))                                     \
    X(upload, "cuMemcpyHtoDAsync_v2", (DevicePointer to, const void *from, size_t bytes, void *s)) \
    X(download, "cuMemcpyDtoHAsync_v2", (void *to, DevicePointer from, size_t bytes, void *s))

#define MEMBER(name, symbol, parameters) static int(*cu_##name) parameters;
DRIVER(MEMBER)

static int load_driver(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);

    if (!library)
        return 0;
#define LOAD(name, symbol, parameters)             \
    *(void **)&cu_##name = dlsym(library, symbol); \
    if (!cu_##name)                                \
        return 0;
    DRIVER(LOAD)
    return cu_init(0) == 0;
}

/* Ends the program unless a call of the driver was a success. */
static void check(int result, const char *what)
{
    if (result == 0)
        return;
    fprintf(stderr, "cuda_frames: %s: CUDA error %d\n", what, result);
    exit(result == 100 ? kNoGpu : 1); /* CUDA_ERROR_NO_DEVICE */
}

static void print_log(void *opaque, hcd_log_level level, const char *message)
{
    (void)opaque;
    if (level <= HCD_LOG_WARNING)
        fprintf(stderr, "libhcd: %s\n", message);
}

static void fail(hcd_ctx *ctx, hcd_status status)
{
    fprintf(stderr, "cuda_frames: %s: %s\n", hcd_status_name(status), hcd_last_error(ctx));
    exit(1);
}

/* Rings that wander to the right, in NV12. */
static void draw(uint8_t *data, int time)
{
    int x, y;

    for (y = 0; y < kHeight; y++) {
        for (x = 0; x < kWidth; x++) {
            int dx = x - kWidth / 3 - 2 * time, dy = y - kHeight / 2;

            data[y * kWidth + x] = (dx * dx + dy * dy) / 400 % 2 ? 200 : 40 + x / 4;
        }
    }
    memset(data + kWidth * kHeight, 120, kWidth * kHeight / 2);
}

/* NV12 samples from `data` on, an address of the host or of the device. */
static hcd_frame make_frame(uint8_t *data, const hcd_format *format, void *stream)
{
    hcd_frame frame = { .struct_size = sizeof(frame),
                        .device = format->device,
                        .device_stream = stream };

    frame.data[0] = data;
    frame.data[1] = data + (size_t)format->width * format->height;
    frame.stride[0] = frame.stride[1] = format->width;
    return frame;
}

/* A configured context for frames of half the size, which lie where those of `in` do. */
static hcd_ctx *open_context(const char *model, const char *device, const hcd_format *in,
                             hcd_format *out)
{
    hcd_down_params params;
    hcd_ctx *ctx;
    hcd_status status;

    hcd_down_params_init(&params);
    params.model = model;
    params.device = device;
    memset(out, 0, sizeof(*out));
    out->struct_size = sizeof(*out);
    status = hcd_down_create(&ctx, &params, print_log, NULL);
    if (status == HCD_OK)
        status = hcd_configure(ctx, in, out);
    if (status < 0)
        fail(ctx, status);
    return ctx;
}

static void downscale(hcd_ctx *ctx, const hcd_frame *big, hcd_frame *small)
{
    hcd_status status = hcd_send_frame(ctx, big);

    if (status == HCD_OK)
        status = hcd_receive_frame(ctx, small, NULL);
    if (status < 0)
        fail(ctx, status);
}

/* Samples of which the two differ by more than one. */
static int count_different(const uint8_t *a, const uint8_t *b, int n)
{
    int i, different = 0;

    for (i = 0; i < n; i++)
        different += abs(a[i] - b[i]) > 1;
    return different;
}

int main(int argc, char **argv)
{
    static uint8_t drawn[kSamples], expected[kSamples], made[kSamples];
    const int n_frames = argc > 1 ? atoi(argv[1]) : 5;
    const char *model = argc > 2 ? argv[2] : "bicubic";
    hcd_format host = { .struct_size = sizeof(host),
                        .width = kWidth,
                        .height = kHeight,
                        .layout = HCD_LAYOUT_NV12,
                        .depth = 8 };
    hcd_format gpu = host, host_out, gpu_out;
    hcd_ctx *on_cpu, *on_gpu;
    void *context, *stream;
    DevicePointer big, small;
    int device, time, n_small, different = 0;

    if (!load_driver()) {
        fprintf(stderr, "cuda_frames: no CUDA driver here (libcuda.so.1), or no GPU\n");
        return kNoGpu;
    }
    check(cu_device_get(&device, 0), "cuDeviceGet");
    check(cu_retain(&context, device), "cuDevicePrimaryCtxRetain");
    check(cu_push(context), "cuCtxPushCurrent");
    check(cu_stream_create(&stream, 1 /* CU_STREAM_NON_BLOCKING */), "cuStreamCreate");
    check(cu_allocate(&big, kSamples), "cuMemAlloc");
    check(cu_allocate(&small, kSamples), "cuMemAlloc");

    gpu.device = HCD_DEVICE_CUDA;
    gpu.device_context = context;
    on_cpu = open_context(model, "cpu", &host, &host_out);
    on_gpu = open_context(model, "auto", &gpu, &gpu_out);
    n_small = host_out.width * host_out.height * 3 / 2;
    for (time = 0; time < n_frames; time++) {
        hcd_frame from = make_frame(drawn, &host, NULL), to = make_frame(expected, &host_out, NULL);
        hcd_frame gpu_from = make_frame((uint8_t *)(uintptr_t)big, &gpu, stream);
        hcd_frame gpu_to = make_frame((uint8_t *)(uintptr_t)small, &gpu_out, stream);

        draw(drawn, time);
        downscale(on_cpu, &from, &to);
        /* Everything is queued on one stream: the upload, the frame, the download. */
        check(cu_upload(big, drawn, kSamples, stream), "cuMemcpyHtoDAsync");
        downscale(on_gpu, &gpu_from, &gpu_to);
        check(cu_download(made, small, n_small, stream), "cuMemcpyDtoHAsync");
        check(cu_stream_wait(stream), "cuStreamSynchronize");
        different += count_different(expected, made, n_small);
    }
    printf(
        "%d frames of %dx%d, model %s: %d of %d samples differ from the CPU's by more than one\n",
        n_frames, gpu_out.width, gpu_out.height, model, different, n_frames * n_small);

    hcd_destroy(&on_cpu);
    hcd_destroy(&on_gpu);
    cu_release_memory(big);
    cu_release_memory(small);
    cu_stream_destroy(stream);
    cu_pop(&context);
    cu_release(device);
    return different > n_frames * n_small / 1000;
}
