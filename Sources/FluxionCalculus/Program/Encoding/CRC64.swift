/// The cyclic redundancy check CRC-64/XZ: the polynomial of ECMA-182 (1992), reflected, ones before and after.
///
/// Every change of up to 64 neighbouring bits is found, so every damaged byte is; other damage slips through with
/// probability 2⁻⁶⁴. It guards against accidents, not against an adversary.
package enum CRC64 {
  private static let table: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { crc, _ in crc & 1 == 1 ? (crc >> 1) ^ 0xc96c_5795_d787_0f42 : crc >> 1 }
  }

  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt64 {
    let table = table
    return ~bytes.reduce(~0) { crc, byte in (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  }
}
