import CFluxionKernels
import Testing

extension fx_pool {
  init(
    _ n: Int, _ h: Int, _ w: Int, _ c: Int, kernel: (Int, Int), stride: (Int, Int),
    padding: (Int, Int, Int, Int) = (0, 0, 0, 0)
  ) {
    self.init()
    (self.n, self.h, self.w, self.c) = (Int32(n), Int32(h), Int32(w), Int32(c))
    (kh, kw, sh, sw) = (Int32(kernel.0), Int32(kernel.1), Int32(stride.0), Int32(stride.1))
    (pt, pb, pl, pr) = (Int32(padding.0), Int32(padding.1), Int32(padding.2), Int32(padding.3))
    oh = (self.h + pt + pb - kh) / sh + 1
    ow = (self.w + pl + pr - kw) / sw + 1
  }

  var xCount: Int { Int(n * h * w * c) }
  var yCount: Int { Int(n * oh * ow * c) }

  /// The indices of x in the window of each output, in row-major order.
  var windows: [[Int]] {
    var all: [[Int]] = []
    for image in 0..<n {
      for i in 0..<oh {
        for j in 0..<ow {
          for channel in 0..<c {
            var window: [Int] = []
            for u in 0..<kh {
              for v in 0..<kw {
                let (row, column) = (i * sh - pt + u, j * sw - pl + v)
                guard row >= 0, row < h, column >= 0, column < w else { continue }
                window.append(Int(((image * h + row) * w + column) * c + channel))
              }
            }
            all.append(window)
          }
        }
      }
    }
    return all
  }
}

@Suite("Pooling")
struct PoolingTests {
  static let shapes: [fx_pool] = [
    fx_pool(2, 28, 28, 32, kernel: (2, 2), stride: (2, 2)),
    fx_pool(1, 14, 14, 64, kernel: (2, 2), stride: (2, 2)),
    fx_pool(2, 7, 5, 3, kernel: (2, 2), stride: (2, 2)),
    fx_pool(1, 9, 8, 18, kernel: (3, 3), stride: (2, 2), padding: (1, 1, 1, 1)),
    fx_pool(2, 6, 6, 5, kernel: (3, 2), stride: (1, 1), padding: (0, 2, 1, 0)),
    fx_pool(1, 4, 4, 1, kernel: (1, 1), stride: (3, 3)),
    fx_pool(1, 2, 2, 4, kernel: (2, 2), stride: (2, 2), padding: (2, 2, 2, 2)),
  ]

  @Test("maximum, its scatter and its gather pick the first maximum", arguments: KernelPath.available, shapes.indices)
  func maximum(path: KernelPath, index: Int) {
    var s = Self.shapes[index]
    var numbers = Numbers(UInt64(index))
    // Coarse values, so that windows have ties.
    let x = numbers.floats(s.xCount, scale: 2).map { $0.rounded() }
    let (values, g) = (numbers.floats(s.xCount), numbers.floats(s.yCount))
    let first = s.windows.map { window in window.max { x[$0] < x[$1] || (x[$0] == x[$1] && $0 > $1) } }

    var y = [Float](repeating: .nan, count: s.yCount)
    var gathered = y
    var dx = [Float](repeating: .nan, count: s.xCount)
    path.run {
      fx_max_pool(&s, x, &y)
      fx_max_pool_gather(&s, x, values, &gathered)
      fx_max_pool_scatter(&s, x, g, &dx)
    }
    var want = [Expected](repeating: Expected(), count: s.xCount)
    for (output, at) in first.enumerated() {
      if let at { want[at] += Double(g[output]) }
    }
    #expect(y == first.map { $0.map { x[$0] } ?? -.infinity })
    #expect(gathered == first.map { $0.map { values[$0] } ?? 0 })
    #expect(firstDifference(dx, want) == nil)
  }

  @Test("average counts padding as zeros", arguments: KernelPath.available, shapes.indices)
  func average(path: KernelPath, index: Int) {
    var s = Self.shapes[index]
    var numbers = Numbers(UInt64(index + 50))
    let (x, g) = (numbers.floats(s.xCount), numbers.floats(s.yCount))
    let count = Double(s.kh * s.kw)
    var want = [Expected](repeating: Expected(), count: s.yCount)
    var wantGradient = [Expected](repeating: Expected(), count: s.xCount)
    for (output, window) in s.windows.enumerated() {
      for at in window {
        want[output] += Double(x[at]) / count
        wantGradient[at] += Double(g[output]) / count
      }
    }
    var y = [Float](repeating: .nan, count: s.yCount)
    var dx = [Float](repeating: .nan, count: s.xCount)
    path.run {
      fx_avg_pool(&s, x, &y)
      fx_avg_pool_gradient(&s, g, &dx)
    }
    #expect(firstDifference(y, want) == nil)
    #expect(firstDifference(dx, wantGradient) == nil)
  }
}
