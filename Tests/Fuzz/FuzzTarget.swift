import Dispatch
import FluxionCalculus
import Foundation

// The entry points of libFuzzer, which brings the main function: Scripts/fuzz.

/// One input: a byte that says what is fed, and what it is fed.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard let first = bytes.first else { return 0 }
  let surface = Surface.allCases[Int(first) % Surface.allCases.count]
  let input = Array(bytes.dropFirst())
  let done = DispatchSemaphore(value: 0)
  Task {
    do { _ = try await surface.feed(input) } catch { fatalError("\(error)") }
    done.signal()
  }
  done.wait()
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

/// Changes an input in its place. Half of the changes of conversations leave the lengths of messages and of the fields in
/// them right; all others are libFuzzer's own.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
  guard let start else { return 0 }
  let input = UnsafeMutableBufferPointer(start: start, count: limit)
  guard seed % 2 == 0, count > 0, [.server, .client].contains(Surface.allCases[Int(start[0]) % Surface.allCases.count])
  else { return libFuzzersChange(start, count, limit) }
  var mutator = Mutator(RandomKey(seed: UInt64(seed)))
  let changed = Messages.joined(mutator.messages(Messages.split(Array(input[1..<count])))).prefix(limit - 1)
  for (index, byte) in changed.enumerated() { input[1 + index] = byte }
  return 1 + changed.count
}

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzersChange(_ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int
