import CFluxionKernels
import FluxionCalculus
import Testing

/// An instruction set that this machine can run; every kernel is tested on each.
enum KernelPath: Int32, CaseIterable, CustomTestStringConvertible {
  case portable = 1
  case avx2 = 2
  case avx512 = 3

  static let available: [KernelPath] = allCases.filter { path in
    defer { fx_set_path(Int32(FX_PATH_AUTO)) }
    return fx_set_path(path.rawValue) == 0
  }

  var testDescription: String { "\(self)" }

  /// Runs `body` with this path chosen for the current thread.
  func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    fx_set_path(rawValue)
    defer { fx_set_path(Int32(FX_PATH_AUTO)) }
    return try body()
  }
}

/// Numbers for tests, in [-1, 1).
struct Numbers {
  private var generator: CounterBasedGenerator

  init(_ seed: UInt64) { generator = RandomKey(seed: seed).generator() }

  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in (generator.nextUniform() * 2 - 1) * scale }
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
}

/// A value computed in double, with the sum of the sizes of its terms: the scale of a float's rounding errors.
struct Expected {
  var value = 0.0
  var size = 0.0

  static func += (sum: inout Expected, term: Double) {
    sum.value += term
    sum.size += abs(term)
  }

  func agrees(with float: Float, tolerance: Double = 2e-6) -> Bool {
    abs(Double(float) - value) <= tolerance * size + 1e-30
  }
}

/// Whether all agree; names the first that does not.
func firstDifference(_ got: [Float], _ want: [Expected], tolerance: Double = 2e-6) -> String? {
  guard got.count == want.count else { return "\(got.count) values, not \(want.count)" }
  for (i, (g, w)) in zip(got, want).enumerated() where !w.agrees(with: g, tolerance: tolerance) {
    return "element \(i) is \(g), not \(w.value)"
  }
  return nil
}

func withScratch<Result>(_ bytes: Int, _ body: (UnsafeMutableRawPointer?) throws -> Result) rethrows -> Result {
  // One byte past a float's alignment would be legal for the caller too; guards catch a kernel that writes beyond.
  let guardByte: UInt8 = 0xA5
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes + 64, alignment: 4)
  defer { memory.deallocate() }
  memory.initializeMemory(as: UInt8.self, repeating: guardByte)
  let result = try body(memory.baseAddress)
  precondition(memory[bytes...].allSatisfy { $0 == guardByte }, "a kernel wrote beyond its scratch")
  return result
}
