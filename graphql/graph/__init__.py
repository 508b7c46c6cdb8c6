"""The one GraphQL schema: types and resolvers over the services and selectors of the apps."""
