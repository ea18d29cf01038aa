"""The views and their pagination."""

from django_rest.models import Book
from django_rest.serializers import AUTHORS, BookSerializer
from rest_framework import generics
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response
from rest_framework.serializers import IntegerField


class KeysetPagination(LimitOffsetPagination):
    """Pages in the order of the id; the parameter `after` is the last id of the previous page."""

    default_limit = 20
    max_limit = 100

    def paginate_queryset(self, queryset, request, view=None):
        self.limit = self.get_limit(request)
        self.after = request.query_params.get("after")
        if self.after is not None:
            self.after = IntegerField().run_validation(self.after)
            queryset = queryset.filter(id__gt=self.after)
        books = list(queryset[: self.limit + 1])
        self.has_next = len(books) > self.limit
        return books[: self.limit]

    def get_paginated_response(self, data):
        here = f"/books?limit={self.limit}"
        return Response(
            {
                "data": data,
                "meta": {"count": len(data), "limit": self.limit},
                "links": {
                    "self": here if self.after is None else f"{here}&after={self.after}",
                    "next": f"{here}&after={data[-1]['id']}" if self.has_next else None,
                    "prev": None,
                },
            }
        )


class BookList(generics.ListCreateAPIView):
    queryset = Book.objects.order_by("id").prefetch_related(AUTHORS)
    serializer_class = BookSerializer
    pagination_class = KeysetPagination


class BookDetail(generics.RetrieveAPIView):
    queryset = Book.objects.prefetch_related(AUTHORS)
    serializer_class = BookSerializer


class BookByISBN(BookDetail):
    lookup_field = "isbn"
