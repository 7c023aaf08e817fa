import CFluxionKernels
import Foundation
import Testing

@Suite("Softmax")
struct SoftmaxTests {
  static let sizes = [(1, 1), (3, 2), (6, 10), (10, 10), (4, 16), (5, 17), (3, 64), (2, 1000)]

  @Test("all of the family agree with double", arguments: KernelPath.available, sizes)
  func family(path: KernelPath, size: (Int, Int)) {
    let (rows, n) = size
    var numbers = Numbers(UInt64(rows * 1000 + n))
    let logits = numbers.floats(rows * n, scale: 30)
    let labels = (0..<rows).map { _ in Int32(numbers.int(0...n - 1)) }
    let g = numbers.floats(rows)
    var (softmax, logSoftmax, gradient) = (logits, logits, logits)
    var loss = [Float](repeating: .nan, count: rows)
    var sharedGradient = logits
    path.run {
      fx_softmax(Int64(rows), Int64(n), logits, &softmax)
      fx_log_softmax(Int64(rows), Int64(n), logits, &logSoftmax)
      fx_softmax_xent(Int64(rows), Int64(n), logits, labels, &loss)
      fx_softmax_xent_grad(Int64(rows), Int64(n), logits, labels, g, 1, &gradient)
      // In place.
      sharedGradient.withUnsafeMutableBufferPointer { d in
        if let d = d.baseAddress { fx_softmax_xent_grad(Int64(rows), Int64(n), d, labels, g, 0, d) }
      }
    }
    for r in 0..<rows {
      let row = logits[r * n..<(r + 1) * n].map(Double.init)
      let top = row.reduce(-.infinity, max)
      let sum = row.reduce(0) { $0 + exp($1 - top) }
      #expect(abs(Double(loss[r]) - (top + log(sum) - row[Int(labels[r])])) <= 4e-6 * 60)
      for j in 0..<n {
        let (p, at) = (exp(row[j] - top) / sum, r * n + j)
        let error = p - (j == Int(labels[r]) ? 1 : 0)
        // The exponent is rounded before exp: an error relative to its size.
        #expect(abs(Double(softmax[at]) - p) <= (1e-6 + 1.2e-7 * (top - row[j])) * p + 1e-30)
        #expect(abs(Double(logSoftmax[at]) - (row[j] - top - log(sum))) <= 1e-6 * 60)
        #expect(abs(Double(gradient[at]) - error * Double(g[r])) <= 3e-7)
        #expect(abs(Double(sharedGradient[at]) - error * Double(g[0])) <= 3e-7)
      }
    }
  }

  @Test("a label out of range gives NaN in its row only", arguments: KernelPath.available)
  func labelOutOfRange(path: KernelPath) {
    let logits: [Float] = [1, 2, 3, 4, 5, 6]
    var loss: [Float] = [0, 0]
    var gradient = [Float](repeating: 0, count: 6)
    path.run {
      fx_softmax_xent(2, 3, logits, [3, 1], &loss)
      fx_softmax_xent_grad(2, 3, logits, [-1, 1], [1], 0, &gradient)
    }
    #expect(loss[0].isNaN && loss[1].isFinite)
    #expect(gradient[..<3].allSatisfy(\.isNaN) && gradient[3...].allSatisfy(\.isFinite))
  }

  @Test("large logits neither overflow nor lose the winner", arguments: KernelPath.available)
  func largeLogits(path: KernelPath) {
    var y: [Float] = [3e38, -3e38, 0]
    path.run {
      y.withUnsafeMutableBufferPointer { y in
        if let y = y.baseAddress { fx_softmax(1, 3, y, y) }
      }
    }
    #expect(y == [1, 0, 0])
  }
}
