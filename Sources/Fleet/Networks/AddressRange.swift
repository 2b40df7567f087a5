package import Wire

/// The addresses from one to another, both among them.
package struct AddressRange: WrittenAsText {
    package static let form = "a range such as 10.77.0.100-10.77.0.200"

    package let addresses: ClosedRange<IPv4Address>

    package init(_ addresses: ClosedRange<IPv4Address>) { self.addresses = addresses }

    package init?(_ text: String) {
        let parts = text.split(separator: "-").map { $0.filter { !$0.isWhitespace } }
        guard parts.count == 2, let first = IPv4Address(parts[0]), let last = IPv4Address(parts[1]),
            first <= last
        else { return nil }
        addresses = first...last
    }

    package var description: String { "\(addresses.lowerBound)-\(addresses.upperBound)" }
}
