/// The server's answer to a request that it does not do.
package struct ServerRefusal: Error, CustomStringConvertible {
    /// The HTTP status.
    package var status: Int
    package var description: String
}

/// What cannot be done as it was asked for.
package struct UsageError: Error, CustomStringConvertible {
    package var text: String
    package var description: String { text }

    package init(text: String) { self.text = text }
}
