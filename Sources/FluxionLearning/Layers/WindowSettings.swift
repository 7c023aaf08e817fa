public import FluxionCalculus

/// A square window as a layer is given it; its padding is worked out for each image.
public struct WindowSettings: Hashable, Sendable {
  public let size: Int
  public let stride: Int
  public let padding: Window.Padding

  /// The window for images `[h, w, c]`, and how often it fits.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` for anything but such an image, or one the window does not fit.
  private func placed(on image: Shape) throws -> (window: Window, output: (height: Int, width: Int)) {
    // Far beyond any image, and small enough that nothing below overflows.
    let limit = 1 << 24
    guard (1...limit).contains(size), (1...limit).contains(stride) else {
      throw FluxionError(
        .invalidArgument, "a window needs a size and a stride of at least 1; it was given \(size) and \(stride)")
    }
    guard image.rank == 3, image.dimensions.allSatisfy({ (1...limit).contains($0) }) else {
      throw FluxionError(.shapeMismatch, "takes an image [height, width, channels]; it was given \(image)")
    }
    let window = Window(
      kernel: (size, size), stride: (stride, stride), padding: padding, height: image[0], width: image[1])
    guard let output = window.outputSize(height: image[0], width: image[1]) else {
      throw FluxionError(
        .shapeMismatch, "a window of \(size)×\(size) with \(padding.rawValue) padding does not fit an image \(image)")
    }
    return (window, output)
  }

  func output(of image: Shape) throws -> (height: Int, width: Int) { try placed(on: image).output }

  /// What `body` makes of a batch of images `[batch, h, w, c]` with the window for them.
  func applied(to x: Tensor, _ body: (Window) -> Tensor) -> Tensor {
    do {
      return body(try placed(on: Shape(Array(x.shape.dimensions.dropFirst()))).window)
    } catch {
      return .invalid(error as? FluxionError ?? FluxionError(.shapeMismatch, "a window does not fit", cause: error))
    }
  }
}

extension Shape {
  /// The number of elements.
  ///
  /// - Throws: ``FluxionError/Code/shapeMismatch`` for a negative extent or more elements than any value may have.
  func checkedElementCount(_ what: String) throws -> Int {
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow, product <= ParameterLayout.maximumCount else {
        throw FluxionError(
          .shapeMismatch,
          "\(what) cannot have shape \(self): extents are not negative and their product is at most "
            + "\(ParameterLayout.maximumCount)")
      }
      count = product
    }
    return count
  }
}
