/// One meeting of a window with a pixel of the image: output position, place in the kernel, input position.
private struct Tap {
  let image: Int
  let output: (row: Int, column: Int)
  let kernel: (row: Int, column: Int)
  let input: (row: Int, column: Int)
}

extension Window {
  /// Calls `body` for every pixel under every window, windows in row-major order and pixels in row-major order within
  /// each. Places in the padding are left out.
  fileprivate func forEachTap(_ image: Shape, _ output: Shape, _ body: (Tap) -> Void) {
    for n in 0..<image[0] {
      for i in 0..<output[1] {
        for j in 0..<output[2] {
          for di in 0..<kernelHeight {
            for dj in 0..<kernelWidth {
              let (row, column) = (i * strideHeight + di - top, j * strideWidth + dj - left)
              guard (0..<image[1]).contains(row), (0..<image[2]).contains(column) else { continue }
              body(Tap(image: n, output: (i, j), kernel: (di, dj), input: (row, column)))
            }
          }
        }
      }
    }
  }
}

extension Tap {
  func atInput(_ channel: Int) -> [Int] { [image, input.row, input.column, channel] }
  func atOutput(_ channel: Int) -> [Int] { [image, output.row, output.column, channel] }
  func atFilter(_ channel: Int, _ filter: Int) -> [Int] { [kernel.row, kernel.column, channel, filter] }
}

extension Reference {
  static func conv2D(
    _ x: ReferenceValue, _ filter: ReferenceValue, _ window: Window, _ type: TensorType
  ) -> ReferenceValue {
    var y = ReferenceValue(repeating: 0, type)
    window.forEachTap(x.shape, y.shape) { tap in
      for c in 0..<filter.shape[2] {
        for f in 0..<filter.shape[3] {
          y[tap.atOutput(f)] += x[tap.atInput(c)] * filter[tap.atFilter(c, f)]
        }
      }
    }
    return y
  }

  static func conv2DInputGradient(
    _ dy: ReferenceValue, _ filter: ReferenceValue, _ window: Window, _ type: TensorType
  ) -> ReferenceValue {
    var dx = ReferenceValue(repeating: 0, type)
    window.forEachTap(dx.shape, dy.shape) { tap in
      for c in 0..<filter.shape[2] {
        for f in 0..<filter.shape[3] {
          dx[tap.atInput(c)] += dy[tap.atOutput(f)] * filter[tap.atFilter(c, f)]
        }
      }
    }
    return dx
  }

  static func conv2DFilterGradient(
    _ x: ReferenceValue, _ dy: ReferenceValue, _ window: Window, _ type: TensorType
  ) -> ReferenceValue {
    var dfilter = ReferenceValue(repeating: 0, type)
    window.forEachTap(x.shape, dy.shape) { tap in
      for c in 0..<type.shape[2] {
        for f in 0..<type.shape[3] {
          dfilter[tap.atFilter(c, f)] += x[tap.atInput(c)] * dy[tap.atOutput(f)]
        }
      }
    }
    return dfilter
  }

  /// For each element of the output, the index of the first maximum of its window of `x`.
  private static func winners(_ x: ReferenceValue, _ window: Window, _ output: Shape) -> [[Int]] {
    var winners = [[Int]?](repeating: nil, count: output.count)
    window.forEachTap(x.shape, output) { tap in
      for c in 0..<x.shape[3] {
        let place = output.offset(of: tap.atOutput(c))
        if let best = winners[place], x[tap.atInput(c)] <= x[best] || x[best].isNaN { continue }
        winners[place] = tap.atInput(c)
      }
    }
    return winners.compactMap { $0 }
  }

  static func maxPool2D(_ x: ReferenceValue, _ window: Window, _ type: TensorType) -> ReferenceValue {
    ReferenceValue(winners(x, window, type.shape).map { x[$0] }, type.shape)
  }

  static func maxPool2DScatter(
    _ x: ReferenceValue, _ g: ReferenceValue, _ window: Window, _ type: TensorType
  ) -> ReferenceValue {
    var dx = ReferenceValue(repeating: 0, type)
    for (winner, cotangent) in zip(winners(x, window, g.shape), g.elements) { dx[winner] += cotangent }
    return dx
  }

  static func maxPool2DGather(
    _ x: ReferenceValue, _ v: ReferenceValue, _ window: Window, _ type: TensorType
  ) -> ReferenceValue {
    ReferenceValue(winners(x, window, type.shape).map { v[$0] }, type.shape)
  }

  static func averagePool2D(_ x: ReferenceValue, _ window: Window, _ type: TensorType) -> ReferenceValue {
    var y = ReferenceValue(repeating: 0, type)
    let area = Double(window.kernelHeight * window.kernelWidth)
    window.forEachTap(x.shape, y.shape) { tap in
      for c in 0..<x.shape[3] { y[tap.atOutput(c)] += x[tap.atInput(c)] / area }
    }
    return y
  }

  static func averagePool2DGradient(_ g: ReferenceValue, _ window: Window, _ type: TensorType) -> ReferenceValue {
    var dx = ReferenceValue(repeating: 0, type)
    let area = Double(window.kernelHeight * window.kernelWidth)
    window.forEachTap(dx.shape, g.shape) { tap in
      for c in 0..<type.shape[3] { dx[tap.atInput(c)] += g[tap.atOutput(c)] / area }
    }
    return dx
  }
}
