import FluxionCalculus
import Testing

@testable import FluxionData

@Suite("Gzip")
struct GzipTests {
  static let text = Array("Nullius in verba. Nullius in verba. Nullius in verba.".utf8)

  @Test("unpacks what zlib packed, of any size up to the limit", arguments: [0, 1, 1000, 262_144, 1_000_000])
  func unpacks(_ count: Int) throws {
    var draws = RandomKey(seed: 1).generator()
    let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: draws.next() & 0x3F) }
    #expect(try Gzip.inflate(gzipped(bytes), limit: count, name: "x") == bytes)
  }

  @Test("unpacks files of several members one after the other")
  func members() throws {
    let packed = gzipped(Self.text) + gzipped([]) + gzipped([1, 2])
    #expect(try Gzip.inflate(packed, limit: 1000, name: "x") == Self.text + [1, 2])
  }

  @Test("refuses a file cut at any length")
  func truncated() {
    let packed = gzipped(Self.text)
    for length in packed.indices {
      let error = fluxionError { try Gzip.inflate(Array(packed[..<length]), limit: 1000, name: "a.gz") }
      #expect(error?.code == .corruptData, "cut at \(length)")
      #expect(error?.message.contains("a.gz") == true)
    }
  }

  @Test("never traps on a flipped bit, and never gives other bytes than were packed")
  func flipped() {
    let packed = gzipped(Self.text)
    var refused = 0
    for bit in 0..<packed.count * 8 {
      var damaged = packed
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        // The header's time and system, say, are not covered by the checksum; the bytes are.
        #expect(try Gzip.inflate(damaged, limit: 1000, name: "x") == Self.text, "bit \(bit)")
      } catch {
        #expect((error as? FluxionError)?.code == .corruptData)
        refused += 1
      }
    }
    #expect(refused > (packed.count - 12) * 8)
  }

  @Test("refuses bytes after the end, and a wrong checksum")
  func trailing() {
    let after = fluxionError { try Gzip.inflate(gzipped(Self.text) + [7], limit: 1000, name: "a.gz") }
    #expect(after?.message.contains("has 1 bytes after the end") == true)
    var damaged = gzipped(Self.text)
    damaged[damaged.count - 8] ^= 1
    let checksum = fluxionError { try Gzip.inflate(damaged, limit: 1000, name: "a.gz") }
    #expect(checksum?.message.contains("incorrect data check") == true)
  }

  @Test("stops a decompression bomb at the limit")
  func bomb() {
    let bomb = gzipped([UInt8](repeating: 0, count: 50_000_000))
    #expect(bomb.count < 60_000)
    let error = fluxionError { try Gzip.inflate(bomb, limit: 1_000_000, name: "bomb.gz") }
    #expect(error?.message == "bomb.gz unpacks to more than the 1000000 bytes that were expected")
  }
}
