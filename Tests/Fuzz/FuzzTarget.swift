import Foundation

// The entry points of libFuzzer, which brings the main function: Scripts/fuzz.

/// One input: a byte that says what is fed, and what it is fed.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard let first = bytes.first else { return 0 }
  let surface = Surface.allCases[Int(first) % Surface.allCases.count]
  surface.feed(Array(bytes.dropFirst()))
  return 0
}

/// Writes the valid inputs from which the fuzzer begins into the folder that the environment names.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<Int32>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
  guard let folder = ProcessInfo.processInfo.environment["FLUXION_FUZZ_SEEDS"] else { return 0 }
  do {
    for (place, surface) in Surface.allCases.enumerated() {
      for (index, seed) in try surface.seeds().enumerated() {
        try Data([UInt8(place)] + seed).write(to: URL(filePath: folder).appending(path: "\(surface)-\(index)"))
      }
    }
  } catch { fatalError("no seeds: \(error)") }
  return 0
}
