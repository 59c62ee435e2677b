"""Statements over the API and by both clients, through a real server."""



