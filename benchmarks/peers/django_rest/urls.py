"""The views by path."""

from django.urls import path
from django_rest.views import BookByISBN, BookDetail, BookList

urlpatterns = [
    path("books", BookList.as_view()),
    path("books/<int:pk>", BookDetail.as_view()),
    path("books/isbn/<str:isbn>", BookByISBN.as_view()),
]
