import CBenchmark
import Dispatch
import FluxionFederation

// The exact weighted mean of 100 updates of the convolutional network's size on two threads, each taking half of the
// elements, beside a plain read of the same bytes by the same threads.

func measureAggregation() throws {
  let (updates, elements, threads) = (100, 1_663_370, 2)
  let memory = (0..<updates).map { update in
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: elements)
    for index in 0..<elements {
      values.initializeElement(at: index, to: Float((index * 7 + update) % 1001) * 1e-3 - 0.5)
    }
    return values
  }
  defer { for values in memory { values.deallocate() } }
  let weights = (0..<updates).map { Double(500 + $0) }
  let means = UnsafeMutableBufferPointer<Float>.allocate(capacity: elements)
  means.initialize(repeating: 0)
  defer { means.deallocate() }

  nonisolated(unsafe) let shared = memory
  nonisolated(unsafe) let result = means
  let halves = (0..<threads).map { elements * $0 / threads..<elements * ($0 + 1) / threads }
  let reads = halves.map { _ in Read() }
  var (readSeconds, meanSeconds): ([Double], [Double]) = ([], [])
  // In turn, so that a drift of the machine meets both.
  for _ in 0..<15 {
    readSeconds += seconds(repeats: 1) {
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        let half = halves[thread]
        for values in shared {
          reads[thread].sum += values.baseAddress.map { benchmark_read(Int64(half.count), $0 + half.lowerBound) } ?? 0
        }
      }
    }
    meanSeconds += seconds(repeats: 1) {
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        let parts = shared.map { UnsafeBufferPointer(rebasing: $0[halves[thread]]) }
        let half = UnsafeMutableBufferPointer(rebasing: result[halves[thread]])
        do { try ExactAccumulator.writeMean(of: parts, weights: weights, to: half) } catch { refuse("\(error)") }
      }
    }
  }
  let bytes = 4 * Double(updates * elements)
  let (read, mean) = (readSeconds.sorted()[0], meanSeconds.sorted()[0])
  print("weighted mean of \(updates) updates of \(elements) floats, \(threads) threads, best of \(readSeconds.count)")
  print("  reading them   ", column(read * 1e3, 2, 8), "ms", column(bytes / read * 1e-9, 1, 7), "GB/s")
  print("  their mean     ", column(mean * 1e3, 2, 8), "ms", column(bytes / mean * 1e-9, 1, 7), "GB/s")
  print("  of the bandwidth", column(100 * read / mean, 0, 7), "%")
}

/// What one thread read; keeps the compiler from leaving the reading out.
private final class Read: @unchecked Sendable {
  var sum: Float = 0
}
