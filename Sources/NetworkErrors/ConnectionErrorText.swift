import HTTPClient

extension ErrorText {
    /// Why there is no connection to `place`, for people.
    package static func ofConnection(_ error: any Error, to place: String) -> String {
        HTTPClientError.ofConnection(error, to: place).description
    }
}
