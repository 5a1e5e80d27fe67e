"""The array operations of the cascade on PyTorch tensors.

Nothing here imports PyTorch before a `TorchNamespace` is made.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skscatter._backends.numpy_arrays import NumpyNamespace

Tensor = Any

# Types of both NumPy and PyTorch. Signals of other types are converted before the transfer.
SHARED_TYPES = frozenset(
    "bool int8 uint8 int16 int32 int64 float16 float32 float64".split()  # noqa: SIM905
)

# Longest sum in one matrix product. Libraries add its terms one by one, so a sum of 10,000 float32
# numbers would lose one more digit.
SUMMANDS = 1024


class TorchNamespace:
    """Tensors of one precision on one device.

    Parameters
    ----------
    dtype : dtype-like
        float32 or float64.
    device : str
        A device that exists, such as ``"cpu"`` or ``"cuda:0"``.

    Notes
    -----
    Constants are copied to the device when a plan is made, and the copy is complete when the call
    returns, so any stream may use them. Nothing waits for the device until a block is done.

    Products of float32 matrices are the one operation that PyTorch may round more coarsely, if the
    user allows it (TF32 or bfloat16). That setting belongs to the process, and changing it even
    briefly would affect other threads. So `matmul` reads it and, if it is not the default,
    multiplies in float64.

    PyTorch may round a row of a batch differently from the row alone: its libraries choose
    algorithms for matrix products, and on several threads for Fourier transforms, by the size of
    the batch (see "Numerical accuracy" in its documentation). A signal's results in two batches
    therefore agree to rounding, and not bit for bit as with NumPy.
    """

    # PyTorch caches a GPU's memory itself. Also, a workspace that is allocated in inference mode
    # cannot be written to outside of that mode.
    kept_bytes = 0

    def __init__(self, dtype: DTypeLike, device: str) -> None:
        import torch

        self._torch = torch
        self.dtype = np.dtype(dtype)
        self.device = torch.device(device)
        if self.device.type == "mps" and self.dtype == np.float64:
            raise ValueError(
                f"device={device!r} computes in float32 only, and signals of any other type are "
                "computed in float64. Accepted: signals in float32, as X.astype('float32'), or "
                "device='cpu'."
            )
        self._real = getattr(torch, self.dtype.name)
        self._complex = torch.complex64 if self.dtype == np.float32 else torch.complex128
        self._bits = torch.int32 if self.dtype == np.float32 else torch.int64
        self.out_of_memory: tuple[type[BaseException], ...] = (torch.cuda.OutOfMemoryError,)
        self.n_workers: int | None = 1  # threads are PyTorch's own
        if self.device.type == "cpu":
            # The processor's caches are the same for both libraries.
            self.chunk_bytes, self.batch_bytes, self.kept_bins = (
                NumpyNamespace.chunk_bytes,
                NumpyNamespace.batch_bytes,
                NumpyNamespace.kept_bins,
            )
        else:
            # Large enough that a GPU does not wait for the next call; about 1 GB in all.
            self.chunk_bytes = self.batch_bytes = 256 * 2**20
            # The GPU would wait for values that the host computes and transfers.
            self.kept_bins = 2**62
        self._streams: SimpleQueue[Any] = SimpleQueue()
        if self.device.type == "cuda":
            # Two blocks at a time: one is copied while the other is computed.
            self.n_workers = 2
            for _ in range(2):
                self._streams.put(torch.cuda.Stream(self.device))

    @contextmanager
    def working(self, *, from_numpy: bool) -> Iterator[None]:
        """Work on one CUDA stream, and wait for it.

        Blocks that come from NumPy have a stream of their own from the first copy to the last, so
        streams need not be ordered. Tensors stay on the stream that made them. When a block is
        done, no work on the device refers to its memory or to the filters any more.
        """
        with self._unify_out_of_memory():
            if self.device.type == "cuda":
                with self._stream(from_numpy=from_numpy):
                    yield
            else:
                yield

    @contextmanager
    def _unify_out_of_memory(self) -> Iterator[None]:
        """Turn the FFT library's out-of-memory error into PyTorch's."""
        try:
            yield
        except RuntimeError as error:
            if "CUFFT_ALLOC_FAILED" in str(error):
                raise self._torch.cuda.OutOfMemoryError(str(error)) from error
            raise

    @contextmanager
    def _stream(self, *, from_numpy: bool) -> Iterator[None]:
        cuda = self._torch.cuda
        stream = self._streams.get() if from_numpy else cuda.current_stream(self.device)
        try:
            with cuda.stream(stream):
                yield
        finally:
            try:
                stream.synchronize()
            finally:
                if from_numpy:
                    self._streams.put(stream)

    def free_bytes(self) -> int | None:
        if self.device.type != "cuda":
            return None
        cuda = self._torch.cuda
        free = cuda.mem_get_info(self.device)[0]
        kept = cuda.memory_reserved(self.device) - cuda.memory_allocated(self.device)
        # A third: Fourier transforms need memory of their own, and PyTorch rounds requests up.
        return int(free + kept) // 3

    def load(self, x: NDArray[Any] | Tensor) -> Tensor:
        if isinstance(x, np.ndarray):
            # Copied to memory that the device can read directly. `x` may be read-only, and of any
            # strides and byte order.
            dtype = x.dtype.name if x.dtype.name in SHARED_TYPES else self.dtype.name
            staged = self._torch.empty(
                x.shape,
                dtype=getattr(self._torch, dtype),
                device="cpu",
                pin_memory=self.device.type == "cuda",
            )
            staged.numpy()[...] = x
            x = staged.to(self.device, non_blocking=True)
        return x.detach().to(self._real)

    def to_numpy(self, a: Tensor) -> NDArray[Any]:
        return a.cpu().numpy()

    def asarray(self, values: NDArray[Any]) -> Tensor:
        return self._constant(np.asarray(values, self.dtype))

    def integers(self, values: NDArray[np.integer]) -> Tensor:
        return self._constant(np.asarray(values, np.int64))

    def gains(self, values: NDArray[Any]) -> Tensor:
        # Complex, so that products need no conversion. They are as exact as with real numbers.
        return self.complex_matrix(values)

    def complex_matrix(self, values: NDArray[Any]) -> Tensor:
        return self._constant(np.asarray(values, np.result_type(self.dtype, np.complex64)))

    def _constant(self, values: NDArray[Any]) -> Tensor:
        return self._torch.tensor(values, device=self.device)

    def empty(self, shape: Sequence[int]) -> Tensor:
        return self._torch.empty(tuple(shape), dtype=self._real, device=self.device)

    def empty_complex(self, shape: Sequence[int]) -> Tensor:
        return self._torch.empty(tuple(shape), dtype=self._complex, device=self.device)

    def flip(self, a: Tensor) -> Tensor:
        return self._torch.flip(a, (-1,))

    def conj(self, a: Tensor, out: Tensor) -> None:
        self._torch.conj_physical(a, out=out)

    def set_zero(self, a: Tensor) -> None:
        a.zero_()

    def filter(self, spectrum: Tensor, gains: Tensor, out: Tensor) -> None:
        self._torch.mul(spectrum, gains, out=out)

    def filter_add(self, spectrum: Tensor, gains: Tensor, out: Tensor) -> None:
        out += spectrum * gains

    def rfft(self, a: Tensor) -> Tensor:
        return self._torch.fft.rfft(a, norm="forward")

    def ifft(self, a: Tensor) -> Tensor:
        return self._torch.fft.ifft(a, norm="forward")

    def is_long(self, n: int) -> bool:
        return False

    def envelope_spectra(self, bands: Tensor, n_bins: int, workspace: Tensor) -> Tensor:
        U = workspace[: bands.numel()].reshape(bands.shape)
        self.modulus(self.ifft(bands), out=U)
        return self.rfft(U)

    def workspace_size(self, n: int) -> int:
        return n

    def modulus(self, a: Tensor, out: Tensor) -> None:
        self._torch.abs(a, out=out)

    def matmul(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        if self._has_exact_products():
            self._sum_products(a, b, out)
        else:
            out.copy_(self._torch.matmul(a.double(), b.double()))

    def mix(self, matrix: Tensor, a: Tensor, out: Tensor) -> None:
        if self._has_exact_products():
            self._torch.matmul(matrix, a, out=out)
        else:
            double = self._torch.promote_types(matrix.dtype, self._torch.float64)
            out.copy_(self._torch.matmul(matrix.to(double), a.to(double)))

    def _has_exact_products(self) -> bool:
        """Whether products are exact, or cannot be computed in float64."""
        alone = self.dtype == np.float64 or self.device.type == "mps"
        return alone or self._products_are_exact()

    def _sum_products(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        """Matrix product whose long sums are split into parts."""
        part = self._torch.empty_like(out)
        self._torch.matmul(a[..., :SUMMANDS], b[:SUMMANDS], out=out)
        for start in range(SUMMANDS, len(b), SUMMANDS):
            stop = start + SUMMANDS
            # With `out`, because autocast would round the product otherwise.
            self._torch.matmul(a[..., start:stop], b[start:stop], out=part)
            out += part

    def _products_are_exact(self) -> bool:
        """Whether products of float32 matrices are computed in full float32 precision."""
        torch = self._torch
        try:
            settings = {
                torch.backends.cuda.matmul.fp32_precision,
                torch.backends.mkldnn.matmul.fp32_precision,
            }
        except AttributeError:  # PyTorch < 2.9
            return bool(torch.get_float32_matmul_precision() == "highest")
        return settings <= {"none", "ieee"}

    def remove_negative(self, a: Tensor) -> None:
        a.clamp_(min=0)

    def limit(self, a: Tensor, largest: float) -> None:
        a.clamp_(-largest, largest)

    def log(self, a: Tensor, out: Tensor) -> None:
        self._torch.log(a, out=out)

    def log_add(self, a: Tensor, log_b: float, out: Tensor) -> None:
        self._torch.log(a, out=out)
        self._torch.logaddexp(out, self._torch.full_like(out, log_b), out=out)

    def amax(self, a: Tensor) -> Tensor:
        return a.amax(-1)

    def peak(self, a: Tensor) -> Tensor:
        return self._torch.maximum(a.amax(-1), -a.amin(-1))

    def take_along(self, a: Tensor, indices: Tensor) -> Tensor:
        return self._torch.take_along_dim(a, indices, -1)

    def powers_of_two(self, sizes: Tensor) -> tuple[Tensor, Tensor]:
        # From the bits: frexp does not exist on every device, and ldexp computes powers in float32.
        info = np.finfo(self.dtype)
        bias, limit = int(info.maxexp) - 1, int(info.maxexp) - 2
        exponent = (sizes.abs().view(self._bits) >> info.nmant) - (bias - 1)
        exponent = exponent.clamp(-limit, limit)

        def power(exponent: Tensor) -> Tensor:
            return ((exponent + bias) << info.nmant).view(self._real)

        return power(-exponent), power(exponent)
