/// The server's refusal of a request.
package struct ServerRefusal: Error, CustomStringConvertible {
    /// The HTTP status.
    package var status: Int
    package var description: String

    package init(status: Int, description: String) {
        (self.status, self.description) = (status, description)
    }
}

/// What cannot be done as requested.
package struct UsageError: Error, CustomStringConvertible {
    package var text: String
    package var description: String { text }

    package init(text: String) { self.text = text }
}
