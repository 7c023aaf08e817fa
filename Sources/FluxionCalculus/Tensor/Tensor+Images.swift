/// Two-dimensional cross-correlation: `x [n, h, w, c]`, `filter [kh, kw, c, f]` → `[n, oh, ow, f]`.
///
/// ```swift
/// let hidden = relu(conv2D(images, filter, padding: .same) + bias)
/// ```
public func conv2D(
  _ x: Tensor, _ filter: Tensor, stride: (height: Int, width: Int) = (1, 1), padding: Window.Padding = .valid
) -> Tensor {
  guard x.shape.rank == 4, filter.shape.rank == 4 else {
    return conv2D(x, filter, window: Window(kernel: (1, 1)))
  }
  return conv2D(
    x, filter,
    window: Window(
      kernel: (filter.shape[0], filter.shape[1]), stride: stride, padding: padding,
      height: x.shape[1], width: x.shape[2]))
}

/// Cross-correlation under an explicit window, which may pad each side differently.
public func conv2D(_ x: Tensor, _ filter: Tensor, window: Window) -> Tensor { .apply(.conv2D(window), [x, filter]) }

/// The maximum over each window of `x [n, h, w, c]`; the derivative goes to the first maximum of a window.
public func maxPool2D(_ x: Tensor, _ window: Window) -> Tensor { .apply(.maxPool2D(window), [x]) }

/// The mean over each window of `x [n, h, w, c]`; padding counts as zeros.
public func averagePool2D(_ x: Tensor, _ window: Window) -> Tensor { .apply(.averagePool2D(window), [x]) }
