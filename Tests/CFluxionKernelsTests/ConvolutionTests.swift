import CFluxionKernels
import Testing

extension fx_conv {
  /// A square-ish convolution; the output size follows from the padding.
  init(
    _ n: Int, _ h: Int, _ w: Int, _ c: Int, kernel: (Int, Int), filters: Int, stride: (Int, Int) = (1, 1),
    padding: (Int, Int, Int, Int) = (0, 0, 0, 0)
  ) {
    self.init()
    (self.n, self.h, self.w, self.c) = (Int32(n), Int32(h), Int32(w), Int32(c))
    (kh, kw, f) = (Int32(kernel.0), Int32(kernel.1), Int32(filters))
    (sh, sw) = (Int32(stride.0), Int32(stride.1))
    (pt, pb, pl, pr) = (Int32(padding.0), Int32(padding.1), Int32(padding.2), Int32(padding.3))
    oh = (self.h + pt + pb - kh) / sh + 1
    ow = (self.w + pl + pr - kw) / sw + 1
  }

  /// Winograd's form, which 5 × 5 filters may take, rounds by the largest values of a tile rather than by the terms of
  /// one output, and more.
  var tolerance: Double { kh == 5 && kw == 5 && c >= 16 ? 1e-5 : 2e-6 }

  var xCount: Int { Int(n * h * w * c) }
  var filterCount: Int { Int(kh * kw * c * f) }
  var yCount: Int { Int(n * oh * ow * f) }

  /// Calls `body` with the indices of x, filter and y of every product.
  func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    for image in 0..<n {
      for i in 0..<oh {
        for j in 0..<ow {
          for u in 0..<kh {
            for v in 0..<kw {
              let (row, column) = (i * sh - pt + u, j * sw - pl + v)
              guard row >= 0, row < h, column >= 0, column < w else { continue }
              let x = Int(((image * h + row) * w + column) * c)
              let tap = Int((u * kw + v) * c) * Int(f)
              let y = Int(((image * oh + i) * ow + j) * f)
              for channel in 0..<Int(c) {
                for filter in 0..<Int(f) { body(x + channel, tap + channel * Int(f) + filter, y + filter) }
              }
            }
          }
        }
      }
    }
  }
}

@Suite("Convolutions")
struct ConvolutionTests {
  static let shapes: [fx_conv] = [
    fx_conv(2, 28, 28, 1, kernel: (5, 5), filters: 32, padding: (2, 2, 2, 2)),
    fx_conv(1, 14, 14, 32, kernel: (5, 5), filters: 64, padding: (2, 2, 2, 2)),
    fx_conv(3, 16, 18, 16, kernel: (5, 5), filters: 48, padding: (4, 0, 0, 4)),
    fx_conv(2, 20, 14, 48, kernel: (5, 5), filters: 16),
    fx_conv(3, 5, 7, 3, kernel: (3, 3), filters: 5, padding: (1, 1, 1, 1)),
    fx_conv(2, 8, 9, 4, kernel: (3, 2), filters: 17, stride: (2, 2)),
    fx_conv(2, 11, 10, 2, kernel: (3, 3), filters: 9, stride: (2, 3), padding: (1, 0, 0, 2)),
    fx_conv(1, 9, 9, 3, kernel: (2, 2), filters: 4, stride: (3, 3), padding: (0, 1, 1, 0)),
    fx_conv(2, 6, 5, 20, kernel: (1, 1), filters: 33),
    fx_conv(40, 6, 6, 50, kernel: (1, 1), filters: 48),
    fx_conv(2, 7, 7, 6, kernel: (1, 1), filters: 8, stride: (2, 2)),
    fx_conv(1, 1, 1, 1, kernel: (1, 1), filters: 1),
    fx_conv(1, 3, 3, 2, kernel: (5, 5), filters: 3, padding: (2, 2, 2, 2)),
    fx_conv(1, 4, 40, 5, kernel: (3, 5), filters: 40, padding: (0, 0, 4, 4)),
  ]

  @Test("forward agrees with double", arguments: KernelPath.available, shapes.indices)
  func forward(path: KernelPath, index: Int) {
    var s = Self.shapes[index]
    var numbers = Numbers(UInt64(index))
    let (x, filter) = (numbers.floats(s.xCount), numbers.floats(s.filterCount))
    let bias = numbers.floats(Int(s.f))
    var want = [Expected](repeating: Expected(), count: s.yCount)
    s.forEachProduct { want[$2] += Double(x[$0]) * Double(filter[$1]) }
    for variant in 0..<3 {
      var y = [Float](repeating: .nan, count: s.yCount)
      path.run {
        withScratch(fx_conv2d_scratch_bytes(&s)) { scratch in
          bias.withUnsafeBufferPointer { bias in
            var epilogue = fx_epilogue(bias: variant > 0 ? bias.baseAddress : nil, relu: variant > 1 ? 1 : 0)
            fx_conv2d(&s, x, filter, &epilogue, &y, scratch)
          }
        }
      }
      var expected = want
      for i in expected.indices {
        if variant > 0 { expected[i] += Double(bias[i % Int(s.f)]) }
        if variant > 1 { expected[i].value = max(expected[i].value, 0) }
      }
      #expect(firstDifference(y, expected, tolerance: s.tolerance) == nil)
    }
  }

  @Test("input gradient agrees with double", arguments: KernelPath.available, shapes.indices)
  func inputGradient(path: KernelPath, index: Int) {
    var s = Self.shapes[index]
    var numbers = Numbers(UInt64(index + 100))
    let (dy, filter) = (numbers.floats(s.yCount), numbers.floats(s.filterCount))
    var want = [Expected](repeating: Expected(), count: s.xCount)
    s.forEachProduct { want[$0] += Double(dy[$2]) * Double(filter[$1]) }
    var dx = [Float](repeating: .nan, count: s.xCount)
    path.run {
      withScratch(fx_conv2d_input_gradient_scratch_bytes(&s)) { fx_conv2d_input_gradient(&s, dy, filter, &dx, $0) }
    }
    #expect(firstDifference(dx, want, tolerance: s.tolerance) == nil)
  }

  @Test("filter gradient agrees with double", arguments: KernelPath.available, shapes.indices)
  func filterGradient(path: KernelPath, index: Int) {
    var s = Self.shapes[index]
    var numbers = Numbers(UInt64(index + 200))
    let (x, dy, before) = (numbers.floats(s.xCount), numbers.floats(s.yCount), numbers.floats(s.filterCount))
    for (alpha, beta) in [(Float(1), Float(0)), (-0.05, 1), (2, 0.5)] {
      var want = [Expected](repeating: Expected(), count: s.filterCount)
      s.forEachProduct { want[$1] += Double(alpha) * Double(x[$0]) * Double(dy[$2]) }
      if beta != 0 { for i in want.indices { want[i] += Double(beta) * Double(before[i]) } }
      var gradient = beta == 0 ? [Float](repeating: .nan, count: s.filterCount) : before
      path.run {
        withScratch(fx_conv2d_filter_gradient_scratch_bytes(&s)) {
          fx_conv2d_filter_gradient(&s, x, dy, alpha, beta, &gradient, $0)
        }
      }
      #expect(firstDifference(gradient, want, tolerance: s.tolerance) == nil)
    }
  }
}
